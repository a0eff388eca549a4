#!/usr/bin/env escript
%% Erlang's ssl application as a client, with the settings that it has by default; no certificate is verified. A visit
%% is a line on standard input and one back (clients/genuine/driver.py).
%%! +sbtu -noinput -mode minimal
-mode(compile).

main(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    io:setopts(standard_io, [binary, {encoding, latin1}]),
    say("{\"ready\": true}"),
    loop().

loop() ->
    case io:get_line(standard_io, "") of
        Line when is_binary(Line) -> say(visit(Line)), loop();
        _ -> ok
    end.

visit(Line) ->
    Host = binary_to_list(field("\"host\": \"([^\"]*)\"", Line)),
    Port = binary_to_integer(field("\"port\": ([0-9]+)", Line)),
    Request = unescape(field("\"request\": \"((?:[^\"\\\\]|\\\\.)*)\"", Line)),
    Milliseconds = round(1000 * number(field("\"seconds\": ([0-9.e-]+)", Line))),
    Name = case field("\"server_name\": \"([^\"]*)\"", Line) of
        <<>> -> [];
        Found -> [{server_name_indication, binary_to_list(Found)}]
    end,
    Options = [{verify, verify_none}, {active, false}, binary, {keep_secrets, true} | Name],
    %% A fault of the server's may crash the connection's process, and with it the call that waits for it.
    try met(Host, Port, Options, Request, Milliseconds)
    catch Class:Why -> json(io_lib:format("exception ~0p: ~0p~n", [Class, Why]), <<>>, [])
    end.

met(Host, Port, Options, Request, Milliseconds) ->
    case ssl:connect(Host, Port, Options, Milliseconds) of
        {ok, Socket} ->
            Keys = case ssl:connection_information(Socket, [keylog]) of
                {ok, [{keylog, Lines}]} -> Lines;
                _ -> []
            end,
            Info = case ssl:connection_information(Socket, [protocol, selected_cipher_suite]) of
                {ok, Found} -> Found;
                Unknown -> Unknown
            end,
            Words = case ssl:send(Socket, Request) of
                ok -> Info;
                Refused -> Refused
            end,
            Answer = read(Socket, Milliseconds, <<>>),
            ssl:close(Socket),
            json(io_lib:format("~0p~n", [Words]), Answer, Keys);
        {error, Reason} ->
            json(io_lib:format("~0p~n", [Reason]), <<>>, [])
    end.

read(Socket, Milliseconds, Sofar) when byte_size(Sofar) < 65536 ->
    case ssl:recv(Socket, 0, Milliseconds) of
        {ok, Data} -> read(Socket, Milliseconds, <<Sofar/binary, Data/binary>>);
        {error, _} -> Sofar
    end;
read(_, _, Sofar) -> Sofar.

json(Words, Answer, Keys) ->
    ["{\"words\": \"", escape(Words), "\", \"answer\": \"", escape(Answer), "\", \"key_log\": [",
     lists:join(", ", [["\"", escape(Key), "\""] || Key <- Keys]), "]}"].

escape(Text) ->
    [case Each of
        $" -> "\\\"";
        $\\ -> "\\\\";
        _ when Each < 32; Each > 126 -> io_lib:format("\\u~4.16.0b", [Each]);
        _ -> Each
     end || <<Each>> <= iolist_to_binary(Text)].

unescape(Text) ->
    lists:foldl(fun({From, To}, Sofar) -> binary:replace(Sofar, From, To, [global]) end, Text,
                [{<<"\\r">>, <<"\r">>}, {<<"\\n">>, <<"\n">>}, {<<"\\\"">>, <<"\"">>}]).

field(Pattern, Line) ->
    case re:run(Line, Pattern, [{capture, all_but_first, binary}]) of
        {match, [Found]} -> Found;
        nomatch -> <<>>
    end.

number(Text) ->
    try binary_to_float(Text) catch error:badarg -> float(binary_to_integer(Text)) end.

say(Line) ->
    io:put_chars(standard_io, [Line, "\n"]).
