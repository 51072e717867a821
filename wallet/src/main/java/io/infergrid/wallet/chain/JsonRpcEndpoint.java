package io.infergrid.wallet.chain;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.web3j.protocol.Service;

/** One JSON-RPC server over the JDK's HTTP client. An answer is bounded in bytes and in time, body included. */
final class JsonRpcEndpoint extends Service {

    /** A block range's logs are the largest answer that is ever asked for. */
    static final int MAX_ANSWER_BYTES = 16 * 1024 * 1024;

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final URI uri;
    private final HttpClient http;

    JsonRpcEndpoint(URI uri, HttpClient http) {
        super(false);
        this.uri = uri;
        this.http = http;
    }

    static HttpClient httpClient() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(Duration.ofSeconds(5))
                .executor(task -> Thread.ofVirtual().name("chain-http").start(task))
                .build();
    }

    URI uri() {
        return uri;
    }

    @Override
    protected InputStream performIO(String payload) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(uri)
                .timeout(LIMIT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(payload))
                .build();
        CompletableFuture<HttpResponse<byte[]>> answer = http.sendAsync(
                request, HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES));
        try {
            HttpResponse<byte[]> response = answer.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (response.statusCode() != 200) {
                throw new IOException(uri.getHost() + " answered with HTTP status " + response.statusCode());
            }
            return new ByteArrayInputStream(response.body());
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause() == null ? failed : failed.getCause();
            throw new IOException(uri.getHost() + ": " + cause.getMessage(), cause);
        } catch (TimeoutException late) {
            throw new IOException(uri.getHost() + " did not answer within " + LIMIT.toSeconds() + " s", late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + uri.getHost(), interrupted);
        } finally {
            answer.cancel(true);
        }
    }

    @Override
    public void close() {
        // the HTTP client is shared and closed by its owner
    }
}
