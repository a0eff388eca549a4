// Go's crypto/tls as a client, with the settings that it has by default; no certificate is verified. A visit is an
// object on a line of standard input and one line back (clients/genuine/driver.py).
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const maxAnswer = 65536

type told struct {
	Host       string  `json:"host"`
	Port       int     `json:"port"`
	ServerName string  `json:"server_name"`
	Request    string  `json:"request"`
	Seconds    float64 `json:"seconds"`
}

type says struct {
	Words         string   `json:"words"`
	Works         *bool    `json:"works"`
	Answer        string   `json:"answer"`
	AlertReceived *int     `json:"alert_received"`
	KeyLog        []string `json:"key_log"`
}

func latin1(text string) []byte {
	data := make([]byte, 0, len(text))
	for _, character := range text {
		data = append(data, byte(character))
	}
	return data
}

func fromLatin1(data []byte) string {
	var text strings.Builder
	for _, each := range data {
		text.WriteRune(rune(each))
	}
	return text.String()
}

func visit(asked told) (answer []byte, words string, keys []string, failure error) {
	var log bytes.Buffer
	deadline := time.Now().Add(time.Duration(asked.Seconds * float64(time.Second)))
	address := net.JoinHostPort(asked.Host, fmt.Sprint(asked.Port))
	plain, failure := net.DialTimeout("tcp", address, time.Until(deadline))
	if failure != nil {
		return nil, "", nil, failure
	}
	plain.SetDeadline(deadline)
	connection := tls.Client(plain, &tls.Config{
		InsecureSkipVerify: true,
		NextProtos:         []string{"h2", "http/1.1"}, // as net/http offers them
		ServerName:         asked.ServerName,
		KeyLogWriter:       &log,
	})
	defer connection.Close()
	defer func() { keys = strings.Split(strings.TrimSpace(log.String()), "\n") }()
	if failure = connection.Handshake(); failure != nil {
		return nil, "", nil, failure
	}
	state := connection.ConnectionState()
	words = tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite) + "\n"
	if _, failure = connection.Write(latin1(asked.Request)); failure != nil {
		return nil, words, nil, failure
	}
	answer, failure = io.ReadAll(io.LimitReader(connection, maxAnswer))
	return answer, words, nil, failure
}

func main() {
	output := bufio.NewWriter(os.Stdout)
	write := func(what any) {
		line, _ := json.Marshal(what)
		output.Write(append(line, '\n'))
		output.Flush()
	}
	write(map[string]bool{"ready": true})
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		var asked told
		if json.Unmarshal(input.Bytes(), &asked) != nil {
			return
		}
		answer, words, keys, failure := visit(asked)
		said := says{Words: words, Answer: fromLatin1(answer), KeyLog: keys}
		if failure != nil {
			works := len(answer) > 0
			said.Works = &works
			said.Words += failure.Error() + "\n"
			var alert tls.AlertError
			if errors.As(failure, &alert) && strings.Contains(failure.Error(), "remote error") {
				number := int(uint8(alert))
				said.AlertReceived = &number
			}
		}
		write(said)
	}
}
