#!/usr/bin/env escript
%% Erlang's ssl application as a server, with the settings that it has by default where a toggle does not say otherwise.
%%
%% serve.py starts it. A server is a term on a line of standard input, a map, and one event line back, which is JSON;
%% each connection is a line more. The end of standard input ends it. What HTTP is here is in servers/http.py.
%%! -noinput -mode minimal
-mode(compile).

-define(TIMEOUT, 10000). % milliseconds, as servers/listener.py has them
-define(LINGER, 1000).
-define(MAX_CONNECTIONS, 400).
-define(MAX_REQUEST, 65536). % bytes

main(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    io:setopts(standard_io, [binary, {encoding, latin1}]),
    loop().

loop() ->
    case io:read(standard_io, "") of
        {ok, Settings} -> start(Settings), loop();
        _ -> halt(0)
    end.

start(#{id := Id, host := Host, port := Port} = Settings) ->
    {ok, Address} = inet:parse_address(binary_to_list(Host)),
    Base = [binary, {active, false}, {ip, Address}, {reuseaddr, true}, {nodelay, true}, {backlog, ?MAX_CONNECTIONS}],
    try ssl:listen(Port, Base ++ options(Settings)) of
        {ok, Listening} ->
            {ok, {_, Bound}} = ssl:sockname(Listening),
            {ok, Version} = application:get_key(ssl, vsn),
            Stack = ["Erlang ssl ", Version, ", OTP ", erlang:system_info(otp_release)],
            event([{event, "ready"}, {id, Id}, {port, Bound}, {stack, Stack}]),
            Open = counters:new(1, []),
            spawn_link(fun() -> accept(Id, Listening, Open) end);
        {error, Reason} -> event([{event, "error"}, {id, Id}, {message, io_lib:format("~0p", [Reason])}])
    catch
        _:Reason -> event([{event, "error"}, {id, Id}, {message, io_lib:format("~0p", [Reason])}])
    end.

options(#{toggles := Toggles, certificates := Certificates, trusted := Trusted, client_certificate := Asked}) ->
    Keys = [#{cert => ders(Chain), key => key(Key)} || #{chain := Chain, private_key := Key} <- Certificates],
    Known = lists:append([ders(Each) || Each <- Trusted]),
    Peer = case Asked of
        <<"no">> -> [];
        _ -> [{verify, verify_peer}, {fail_if_no_peer_cert, Asked =:= <<"require">>}, {cacerts, Known},
              {verify_fun, {fun verify/3, Known}}]
    end,
    [{certs_keys, Keys} | Peer] ++ lists:append([option(Name, Value) || {Name, Value} <- maps:to_list(Toggles)]).

%% A certificate that is signed by itself is refused by default, also where it is among those that are trusted.
verify(Certificate, {bad_cert, selfsigned_peer}, Known) ->
    case lists:member(public_key:pkix_encode('OTPCertificate', Certificate, otp), Known) of
        true -> {valid, Known};
        false -> {fail, selfsigned_peer}
    end;
verify(_, {bad_cert, Reason}, _) -> {fail, Reason};
verify(_, {extension, _}, Known) -> {unknown, Known};
verify(_, _, Known) -> {valid, Known}.

option(configuration, <<"legacy">>) ->
    Versions = ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', 'tlsv1'],
    Signed = [rsa, dhe_rsa, dhe_dss, ecdh_rsa, ecdh_ecdsa, ecdhe_rsa, ecdhe_ecdsa, any],
    All = lists:append([ssl:cipher_suites(all, Version) || Version <- Versions]),
    Suites = [Suite || #{key_exchange := Exchange} = Suite <- lists:uniq(All), lists:member(Exchange, Signed)],
    [{versions, Versions}, {ciphers, Suites}];
option(alpn, <<"http-1.1">>) -> [{alpn_preferred_protocols, [<<"http/1.1">>]}];
option(tickets, <<"yes">>) -> [{session_tickets, stateless}];
option('client-initiated', <<"no">>) -> [{client_renegotiation, false}];
option(renegotiation, <<"secure">>) -> [{secure_renegotiate, true}];
option(renegotiation, <<"legacy">>) -> [{secure_renegotiate, false}];
option(_, _) -> [].

ders(Pem) -> [Der || {'Certificate', Der, _} <- public_key:pem_decode(Pem)].

key(Pem) ->
    [{Type, Der, _}] = public_key:pem_decode(Pem),
    {Type, Der}.

accept(Id, Listening, Open) ->
    case ssl:transport_accept(Listening) of
        {ok, Socket} ->
            counters:add(Open, 1, 1),
            Serving = spawn(fun() -> receive go -> serve(Id, Socket) end, counters:sub(Open, 1, 1) end),
            _ = ssl:controlling_process(Socket, Serving),
            Serving ! go,
            wait_for_room(Open);
        {error, closed} ->
            event([{event, "error"}, {id, Id}, {message, "the listening socket is closed"}]),
            exit(normal);
        {error, _} -> timer:sleep(100) % no descriptor or memory, which may pass
    end,
    accept(Id, Listening, Open).

wait_for_room(Open) ->
    case counters:get(Open, 1) < ?MAX_CONNECTIONS of
        true -> ok;
        false -> timer:sleep(10), wait_for_room(Open)
    end.

serve(Id, Transport) ->
    case ssl:peername(Transport) of
        {ok, {_, Port}} ->
            case ssl:handshake(Transport, ?TIMEOUT) of
                {ok, Socket} ->
                    {ok, Info} = ssl:connection_information(Socket, [protocol, selected_cipher_suite]),
                    Version = version(proplists:get_value(protocol, Info)),
                    Suite = ssl:suite_to_str(proplists:get_value(selected_cipher_suite, Info)),
                    Result = answer(Socket, [Version, " ", Suite], <<>>),
                    told(Id, Port, [{version, Version}, {cipher_suite, Suite}], Result),
                    finish(Socket);
                {error, Reason} -> told(Id, Port, [], {error, Reason})
            end;
        {error, _} -> ssl:close(Transport) % reset already: nobody could tell whose it was
    end.

%% Answer requests until one does not keep the connection; the client may say close_notify instead.
answer(Socket, Text, Request) ->
    case re:run(Request, "\\r?\\n\\r?\\n") of
        nomatch when byte_size(Request) < ?MAX_REQUEST ->
            case ssl:recv(Socket, 0, ?TIMEOUT) of
                {ok, Data} -> answer(Socket, Text, <<Request/binary, Data/binary>>);
                {error, closed} -> ok;
                {error, Reason} -> {error, Reason}
            end;
        nomatch -> respond(Socket, Text, false), ok;
        {match, [{Start, Length} | _]} ->
            <<Head:Start/binary, _:Length/binary, Rest/binary>> = Request,
            Keeps = re:run(Head, "\\nconnection: *keep-alive *(\\r?\\n|$)", [caseless]) =/= nomatch,
            case renegotiate(Socket, Head) of
                {error, Reason} -> {error, Reason};
                _ ->
                    case respond(Socket, Text, Keeps) of
                        ok when Keeps -> answer(Socket, Text, Rest);
                        Result -> Result
                    end
            end
    end.

renegotiate(Socket, <<"GET /reneg", _/binary>>) ->
    case ssl:connection_information(Socket, [protocol]) of
        {ok, [{protocol, 'tlsv1.3'}]} -> ok;
        _ -> ssl:renegotiate(Socket)
    end;
renegotiate(_, _) -> ok.

respond(Socket, Text, Keeps) ->
    Connection = case Keeps of true -> "keep-alive"; false -> "close" end,
    Body = iolist_to_binary(["Erlang ssl: ", Text, "\n"]),
    ssl:send(Socket, ["HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ",
                      integer_to_list(byte_size(Body)), "\r\nConnection: ", Connection, "\r\n\r\n", Body]).

%% Say close_notify, which ssl:shutdown does not, and read on in the clear until the peer ends too, lest what was sent
%% last is lost to a reset.
finish(Socket) ->
    case ssl:close(Socket, {self(), ?LINGER}) of
        {ok, Plain} -> linger(Plain);
        {ok, Plain, _} -> linger(Plain);
        _ -> ok
    end.

linger(Plain) ->
    _ = gen_tcp:shutdown(Plain, write),
    case gen_tcp:recv(Plain, 0, ?LINGER) of
        {ok, _} -> linger(Plain);
        {error, _} -> gen_tcp:close(Plain)
    end.

version('tlsv1') -> "TLSv1.0";
version(Protocol) -> re:replace(atom_to_list(Protocol), "tlsv", "TLSv").

told(Id, Port, Negotiated, Result) ->
    Rest = case Result of
        ok -> [];
        {error, {tls_alert, {Name, Words}}} ->
            Sent = string:find(Words, "generated SERVER ALERT: Fatal") =/= nomatch,
            [{reason, string:trim(Words)} | [{alert_sent, atom_to_list(Name)} || Sent]];
        {error, Reason} -> [{reason, io_lib:format("~0p", [Reason])}]
    end,
    event([{event, "connection"}, {id, Id}, {peer_port, Port}] ++ Negotiated ++ Rest).

event(Fields) ->
    Texts = [["\"", atom_to_list(Name), "\": ", json(Value)] || {Name, Value} <- Fields],
    io:put_chars(standard_io, ["{", lists:join(", ", Texts), "}\n"]).

json(Number) when is_integer(Number) -> integer_to_list(Number);
json(Text) ->
    ["\"", [case Each of
        $" -> "\\\"";
        $\\ -> "\\\\";
        _ when Each < 32; Each > 126 -> io_lib:format("\\u~4.16.0b", [Each]);
        _ -> Each
     end || <<Each>> <= iolist_to_binary(Text)], "\""].
