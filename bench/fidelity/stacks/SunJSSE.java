import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * SunJSSE as a server with SSLv2Hello, SSLv3 and TLSv1 enabled and no algorithm disabled. Reads two lines on
 * standard input, an RSA private key (PKCS #8) and its certificate, both DER in base64; prints its port; stops
 * at the end of its input. A thread a connection.
 */
public final class SunJSSE {
    private static final int BACKLOG = 200;
    private static final int TIMEOUT_MILLISECONDS = 10_000;

    public static void main(String[] arguments) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        byte[] key = Base64.getDecoder().decode(input.readLine());
        byte[] certificate = Base64.getDecoder().decode(input.readLine());
        SSLServerSocket listening = (SSLServerSocket) context(key, certificate).getServerSocketFactory()
            .createServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        listening.setEnabledProtocols(new String[] {"SSLv2Hello", "SSLv3", "TLSv1"});
        Thread accepting = new Thread(() -> accept(listening));
        accepting.setDaemon(true);
        accepting.start();
        System.out.println(listening.getLocalPort() + " " + System.getProperty("java.runtime.version"));
        while (input.readLine() != null) { }
    }

    private static SSLContext context(byte[] key, byte[] certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        Certificate leaf = CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(certificate));
        store.setKeyEntry("rsa", KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key)),
            new char[0], new Certificate[] {leaf});
        KeyManagerFactory managers = KeyManagerFactory.getInstance("SunX509");
        managers.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private static void accept(SSLServerSocket listening) {
        while (true) {
            try {
                SSLSocket socket = (SSLSocket) listening.accept();
                Thread serving = new Thread(() -> serve(socket));
                serving.setDaemon(true);
                serving.start();
            } catch (IOException error) {
                System.err.println(error);
            }
        }
    }

    private static void serve(SSLSocket socket) {
        try (socket) {
            socket.setSoTimeout(TIMEOUT_MILLISECONDS);
            socket.startHandshake();
        } catch (IOException | RuntimeException expected) {
            // what it was, the peer has seen as an alert or the end of the connection
        }
    }
}
