// Go's crypto/tls as a server, with the settings that it has by default where a toggle does not say otherwise.
//
// serve.py starts it. A server is an object on a line of standard input and one event line back; each connection is a
// line more. The end of standard input ends the process. What HTTP is here is in servers/http.py.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	connectionTimeout = 10 * time.Second // as servers/listener.py has them
	linger            = time.Second
	maxConnections    = 400
	maxRequest        = 1 << 16 // bytes
	alertRecord       = 21      // content type, RFC 8446 section 5.1
	changeOfKeys      = 20      // what a server sends behind it is encrypted
	fatal             = 2       // RFC 8446 section 6
)

type settings struct {
	ID           string            `json:"id"`
	Host         string            `json:"host"`
	Port         int               `json:"port"`
	Toggles      map[string]string `json:"toggles"`
	Certificates []struct {
		PrivateKey string `json:"private_key"`
		Chain      string `json:"chain"`
	} `json:"certificates"`
	Trusted []string `json:"trusted"`
}

type seen struct {
	Event       string  `json:"event"`
	ID          string  `json:"id"`
	PeerPort    int     `json:"peer_port"`
	Version     *string `json:"version"`
	CipherSuite *string `json:"cipher_suite"`
	AlertSent   *int    `json:"alert_sent"`
	Reason      *string `json:"reason"`
}

var output sync.Mutex

func emit(event any) {
	line, _ := json.Marshal(event)
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

func failed(id string, failure error) {
	emit(map[string]any{"event": "error", "id": id, "message": failure.Error()})
}

var clientCertificates = map[string]tls.ClientAuthType{
	"no": tls.NoClientCert, "request": tls.VerifyClientCertIfGiven, "require": tls.RequireAndVerifyClientCert,
}
var applicationProtocols = map[string][]string{"no": nil, "http-1.1": {"http/1.1"}, "h2": {"h2"}}

func configuration(asked settings) (*tls.Config, error) {
	config := &tls.Config{
		ClientAuth:             clientCertificates[asked.Toggles["client-certificate"]],
		ClientCAs:              x509.NewCertPool(),
		NextProtos:             applicationProtocols[asked.Toggles["alpn"]],
		SessionTicketsDisabled: asked.Toggles["tickets"] == "no",
	}
	for _, each := range asked.Certificates {
		pair, failure := tls.X509KeyPair([]byte(each.Chain), []byte(each.PrivateKey))
		if failure != nil {
			return nil, failure
		}
		config.Certificates = append(config.Certificates, pair)
	}
	for _, each := range asked.Trusted {
		config.ClientCAs.AppendCertsFromPEM([]byte(each))
	}
	if asked.Toggles["configuration"] == "legacy" {
		config.MinVersion = tls.VersionTLS10
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			config.CipherSuites = append(config.CipherSuites, suite.ID)
		}
	}
	return config, nil
}

// watched is a connection that keeps the fatal alert it has sent in the clear; Go names none of those it sends.
type watched struct {
	net.Conn
	isEncrypted bool
	alert       *int
}

func (conn *watched) Write(data []byte) (int, error) {
	for rest := data; len(rest) >= 5 && !conn.isEncrypted; {
		length := 5 + int(rest[3])<<8 + int(rest[4])
		if rest[0] == alertRecord && len(rest) >= 7 && rest[5] == fatal {
			number := int(rest[6])
			conn.alert = &number
		}
		conn.isEncrypted = rest[0] == changeOfKeys
		rest = rest[min(length, len(rest)):]
	}
	return conn.Conn.Write(data)
}

func serve(id string, config *tls.Config, plain *net.TCPConn) {
	event := seen{Event: "connection", ID: id, PeerPort: plain.RemoteAddr().(*net.TCPAddr).Port}
	conn := &watched{Conn: plain}
	plain.SetDeadline(time.Now().Add(connectionTimeout))
	secured := tls.Server(conn, config)
	failure := secured.Handshake()
	if failure == nil {
		state := secured.ConnectionState()
		version := strings.ReplaceAll(tls.VersionName(state.Version), "TLS ", "TLSv")
		suite := tls.CipherSuiteName(state.CipherSuite)
		event.Version, event.CipherSuite = &version, &suite
		failure = answer(secured, plain, fmt.Sprintf("Go %s: %s %s\n", runtime.Version(), version, suite))
	}
	if failure == nil {
		failure = secured.CloseWrite()
	}
	if failure != nil {
		reason := failure.Error()
		if errors.Is(failure, os.ErrDeadlineExceeded) {
			reason = "timeout"
		} else if errors.Is(failure, io.EOF) || errors.Is(failure, io.ErrUnexpectedEOF) {
			reason = "connection lost: " + reason
		}
		event.Reason, event.AlertSent = &reason, conn.alert
	}
	emit(event)
	// Read on until the peer ends too, lest what was sent last is lost to a reset.
	plain.CloseWrite()
	plain.SetDeadline(time.Now().Add(linger))
	io.Copy(io.Discard, io.LimitReader(plain, maxRequest))
	plain.Close()
}

var (
	endOfHead  = regexp.MustCompile(`\r?\n\r?\n`)
	keepsAlive = regexp.MustCompile(`(?i)\nconnection: *keep-alive *(\r?\n|$)`)
)

// answer answers requests until one does not keep the connection; the client may say close_notify instead.
func answer(secured *tls.Conn, plain net.Conn, text string) error {
	var request []byte
	chunk := make([]byte, 4096)
	for {
		end := endOfHead.FindIndex(request)
		if end == nil && len(request) < maxRequest {
			count, failure := secured.Read(chunk)
			request = append(request, chunk[:count]...)
			if errors.Is(failure, io.EOF) && !errors.Is(failure, io.ErrUnexpectedEOF) {
				return nil
			} else if failure != nil {
				return failure
			}
			continue
		}
		if end == nil {
			end = []int{len(request), len(request)}
		}
		keeps := keepsAlive.Match(request[:end[0]])
		request = request[end[1]:]
		connection := "close"
		if keeps {
			connection = "keep-alive"
		}
		var written bytes.Buffer
		fmt.Fprintf(&written, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n", len(text))
		fmt.Fprintf(&written, "Connection: %s\r\n\r\n%s", connection, text)
		plain.SetDeadline(time.Now().Add(connectionTimeout))
		if _, failure := secured.Write(written.Bytes()); failure != nil || !keeps {
			return failure
		}
	}
}

func start(asked settings) {
	config, failure := configuration(asked)
	if failure != nil {
		failed(asked.ID, failure)
		return
	}
	listener, failure := net.Listen("tcp", net.JoinHostPort(asked.Host, fmt.Sprint(asked.Port)))
	if failure != nil {
		failed(asked.ID, failure)
		return
	}
	stack := strings.Replace(runtime.Version(), "go", "Go ", 1) + " crypto/tls"
	emit(map[string]any{"event": "ready", "id": asked.ID, "port": listener.Addr().(*net.TCPAddr).Port, "stack": stack})
	free := make(chan bool, maxConnections)
	go func() {
		for {
			free <- true
			plain, failure := listener.Accept()
			if failure != nil {
				<-free
				time.Sleep(100 * time.Millisecond) // no descriptor or memory, which may pass
				continue
			}
			go func() {
				defer func() { <-free }()
				serve(asked.ID, config, plain.(*net.TCPConn))
			}()
		}
	}()
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		var asked settings
		if failure := json.Unmarshal(input.Bytes(), &asked); failure != nil {
			fmt.Fprintln(os.Stderr, failure)
			os.Exit(2)
		}
		start(asked)
	}
}
