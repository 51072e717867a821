package io.infergrid.app.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gets one file over HTTPS. What came is kept in a {@code .part} beside the file, also after a stop, and the rest is asked for by a range,
 * as long as the server says that it is still the same file (strong {@code ETag} or {@code Last-Modified}, by {@code If-Range}); else it
 * begins anew. The file gets its name when it is whole, has the right checksum and is on the disk.
 *
 * <p>Only https, unless the server is this computer; at most five redirects, none back to http. Nothing is believed of the server: a
 * length that is too large for the disk is refused before a byte is taken, and more bytes than were said end the download.
 */
public final class HttpsDownload {

    private static final int REDIRECTS = 5;
    private static final long SPARE_BYTES = 64L << 20;
    private static final int BUFFER_BYTES = 1 << 17;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");
    private static final Pattern UNSATISFIED = Pattern.compile("bytes \\*/(\\d{1,18})");

    private final HttpClient client;
    private final Patience patience;

    /**
     * @param attempts connections that may fail one after the other without a byte
     * @param pause before the second of them; doubled for each further
     * @param silence longest time without a byte
     */
    public record Patience(int attempts, Duration pause, Duration silence) {
        public static final Patience USUAL = new Patience(5, Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    /** Hears how far it is; {@code total} is -1 while it is not known. */
    @FunctionalInterface
    public interface Progress {
        void at(long bytes, long total);
    }

    public HttpsDownload(Patience patience) {
        this.patience = patience;
        client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(patience.silence())
                .build();
    }

    /** What the server's answer to a range is worth. */
    private sealed interface Outcome {
        /** The file is whole. */
        record Whole() implements Outcome {}

        /** It broke off; go on from where it is. */
        record Broken(IOException why) implements Outcome {}
    }

    /** No attempt will do better. */
    private static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /**
     * Downloads {@code from} to {@code file}. Blocks.
     *
     * @param sha256 64 hexadecimal digits that the file must hash to, if known
     * @return the file's SHA-256 in hexadecimal
     * @throws IOException if it cannot be had; the message is one line for the user
     * @throws CancellationException if {@code cancelled} said so; what came is kept
     */
    public String fetch(URI from, Path file, Optional<String> sha256, Progress progress, BooleanSupplier cancelled)
            throws IOException, InterruptedException {
        check(from);
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Path note = file.resolveSibling(file.getFileName() + ".part.from");
        for (int beginnings = 0; ; beginnings++) {
            boolean resumed = receive(from, part, note, sha256.isPresent(), progress, cancelled);
            String found = hash(part, cancelled);
            if (sha256.isEmpty() || sha256.get().toLowerCase(Locale.ROOT).equals(found)) {
                try (var channel = FileChannel.open(part, WRITE)) {
                    channel.force(true);
                }
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                Files.deleteIfExists(note);
                return found;
            }
            Files.deleteIfExists(part);
            Files.deleteIfExists(note);
            if (!resumed || beginnings > 0) {
                throw new Refused("expected a file with the SHA-256 " + sha256.get() + ", found " + found);
            }
            // parts of two files, perhaps: once more from the start
        }
    }

    private static void check(URI uri) throws IOException {
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        String host = uri.getHost();
        if (host == null || uri.getUserInfo() != null) {
            throw new Refused("expected a URL like https://host/path, found '" + uri + "'");
        }
        boolean here = scheme.equals("http") && isLoopback(host);
        if (!scheme.equals("https") && !here) {
            throw new Refused("expected an https URL, found '" + scheme + "' to " + host);
        }
    }

    private static boolean isLoopback(String host) {
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        boolean literal = bare.matches("[0-9.]+") || bare.contains(":");
        try {
            return bare.equals("localhost")
                    || (literal && InetAddress.getByName(bare).isLoopbackAddress());
        } catch (IOException e) {
            return false;
        }
    }

    // ---- attempts

    /** Tries until the part is whole; true if it is put together from more than one answer. */
    private boolean receive(
            URI from, Path part, Path note, boolean checksum, Progress progress, BooleanSupplier cancelled)
            throws IOException, InterruptedException {
        int failures = 0;
        boolean resumed = false;
        while (true) {
            long before = Files.exists(part) ? Files.size(part) : 0;
            IOException why;
            try {
                switch (attempt(from, part, note, checksum, progress, cancelled)) {
                    case Outcome.Whole whole -> {
                        return resumed || before > 0;
                    }
                    case Outcome.Broken broken -> why = broken.why();
                }
            } catch (Refused refused) {
                throw refused;
            } catch (IOException gone) {
                why = gone;
            }
            long now = Files.exists(part) ? Files.size(part) : 0;
            resumed |= before > 0;
            failures = now > before ? 1 : failures + 1;
            if (failures >= patience.attempts()) {
                throw new IOException(
                        "expected " + from.getHost() + " to send the file, found after " + failures + " attempts: "
                                + why.getMessage(),
                        why);
            }
            waitFor(patience.pause().multipliedBy(1L << Math.min(failures - 1, 6)), cancelled);
        }
    }

    private static void waitFor(Duration pause, BooleanSupplier cancelled) throws InterruptedException {
        long end = System.nanoTime() + pause.toNanos();
        do {
            stopIf(cancelled);
            Thread.sleep(Math.clamp((end - System.nanoTime()) / 1_000_000, 0, 100));
        } while (System.nanoTime() < end);
    }

    private static void stopIf(BooleanSupplier cancelled) {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the download was cancelled; what came is kept");
        }
    }

    private Outcome attempt(
            URI from, Path part, Path note, boolean checksum, Progress progress, BooleanSupplier cancelled)
            throws IOException, InterruptedException {
        stopIf(cancelled);
        long have = Files.exists(part) ? Files.size(part) : 0;
        String validator = Files.exists(note) ? validator(note, from) : "";
        if (have > 0 && validator.isEmpty() && !checksum) {
            have = 0; // nothing says that the rest would belong to it
        }
        HttpResponse<InputStream> answer = ask(from, have, validator);
        try (InputStream body = answer.body()) {
            return switch (answer.statusCode()) {
                case 200 -> {
                    long total =
                            answer.headers().firstValueAsLong("Content-Length").orElse(-1);
                    remember(note, from, answer);
                    yield save(body, part, 0, total, progress, cancelled);
                }
                case 206 -> partial(answer, body, from, part, note, have, validator, progress, cancelled);
                case 416 -> beyond(answer, part, note, have);
                case 408, 425, 429, 500, 502, 503, 504 ->
                    new Outcome.Broken(new IOException("the server answers " + answer.statusCode()));
                default ->
                    throw new Refused("expected " + from.getHost() + " to send the file, found its answer "
                            + answer.statusCode());
            };
        }
    }

    private Outcome partial(
            HttpResponse<InputStream> answer,
            InputStream body,
            URI from,
            Path part,
            Path note,
            long have,
            String validator,
            Progress progress,
            BooleanSupplier cancelled)
            throws IOException, InterruptedException {
        Matcher range = CONTENT_RANGE.matcher(
                answer.headers().firstValue("Content-Range").orElse(""));
        boolean sound = range.matches() && Long.parseLong(range.group(1)) == have;
        if (!sound
                || (!validator.isEmpty()
                        && !validatorOf(answer).isEmpty()
                        && !validatorOf(answer).equals(validator))) {
            Files.deleteIfExists(part);
            Files.deleteIfExists(note);
            return new Outcome.Broken(new IOException("the server sends another range than it was asked for"));
        }
        long total = Long.parseLong(range.group(3));
        remember(note, from, answer);
        return save(body, part, have, total, progress, cancelled);
    }

    /** Nothing is left, or the part is of a longer file. */
    private static Outcome beyond(HttpResponse<InputStream> answer, Path part, Path note, long have)
            throws IOException {
        Matcher total =
                UNSATISFIED.matcher(answer.headers().firstValue("Content-Range").orElse(""));
        if (have > 0 && total.matches() && Long.parseLong(total.group(1)) == have) {
            return new Outcome.Whole();
        }
        Files.deleteIfExists(part);
        Files.deleteIfExists(note);
        return new Outcome.Broken(new IOException("the server has less than was there before"));
    }

    private HttpResponse<InputStream> ask(URI from, long have, String validator)
            throws IOException, InterruptedException {
        URI at = from;
        for (int hop = 0; hop <= REDIRECTS; hop++) {
            var request = HttpRequest.newBuilder(at)
                    .timeout(patience.silence())
                    .header("User-Agent", "infergrid")
                    .header("Accept-Encoding", "identity");
            if (have > 0) {
                request.header("Range", "bytes=" + have + "-");
                if (!validator.isEmpty()) {
                    request.header("If-Range", validator);
                }
            }
            HttpResponse<InputStream> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            if (!List.of(301, 302, 303, 307, 308).contains(answer.statusCode())) {
                return answer;
            }
            answer.body().close();
            String location = answer.headers()
                    .firstValue("Location")
                    .orElseThrow(() -> new Refused("expected a redirect to say where, found none"));
            URI next;
            try {
                next = at.resolve(location);
            } catch (IllegalArgumentException e) {
                throw new Refused("expected a redirect to a URL, found '" + location + "'");
            }
            check(next);
            if (at.getScheme().equalsIgnoreCase("https") && !next.getScheme().equalsIgnoreCase("https")) {
                throw new Refused("expected a redirect to https, found one to http");
            }
            at = next;
        }
        throw new Refused("expected up to " + REDIRECTS + " redirects, found more");
    }

    // ---- which file the part is of

    private static String validatorOf(HttpResponse<?> answer) {
        return answer.headers()
                .firstValue("ETag")
                .filter(tag -> !tag.startsWith("W/"))
                .or(() -> answer.headers().firstValue("Last-Modified"))
                .filter(text -> text.length() <= 1024)
                .orElse("");
    }

    private static void remember(Path note, URI from, HttpResponse<?> answer) throws IOException {
        Files.writeString(note, from + "\n" + validatorOf(answer) + "\n", UTF_8);
    }

    private static String validator(Path note, URI from) throws IOException {
        List<String> lines = Files.size(note) < 65_536 ? Files.readAllLines(note, UTF_8) : List.of();
        return lines.size() == 2 && lines.get(0).equals(from.toString()) ? lines.get(1) : "";
    }

    // ---- bytes

    private static void checkRoom(Path part, long more) throws IOException {
        Path folder = part.toAbsolutePath().getParent();
        long free = folder == null ? Long.MAX_VALUE : Files.getFileStore(folder).getUsableSpace() - SPARE_BYTES;
        if (more > free) {
            throw new Refused("expected room for " + more + " bytes on the disk, found " + Math.max(0, free));
        }
    }

    /** @param total of the whole file, -1 if the server does not say */
    private Outcome save(
            InputStream body, Path part, long start, long total, Progress progress, BooleanSupplier cancelled)
            throws IOException, InterruptedException {
        if (total >= 0 && total < start) {
            Files.deleteIfExists(part);
            return new Outcome.Broken(new IOException("the server has less than was there before"));
        }
        checkRoom(part, total < 0 ? 0 : total - start);
        var movedAt = new AtomicLong(System.nanoTime());
        Thread watch = closeWhenSilent(body, movedAt);
        long at = start;
        try (var out = FileChannel.open(part, CREATE, WRITE)) {
            out.truncate(start);
            byte[] buffer = new byte[BUFFER_BYTES];
            progress.at(at, total);
            for (int read; (read = body.read(buffer)) >= 0; ) {
                stopIf(cancelled);
                movedAt.set(System.nanoTime());
                if (total >= 0 && read > total - at) {
                    Files.deleteIfExists(part);
                    throw new Refused("expected " + total + " bytes as the server said, found more");
                }
                if (total < 0) {
                    checkRoom(part, read);
                }
                var bytes = ByteBuffer.wrap(buffer, 0, read);
                while (bytes.hasRemaining()) {
                    at += out.write(bytes, at);
                }
                progress.at(at, total);
            }
        } catch (Refused refused) {
            throw refused;
        } catch (IOException broken) {
            return new Outcome.Broken(broken);
        } finally {
            watch.interrupt();
        }
        return total >= 0 && at < total
                ? new Outcome.Broken(new IOException("it broke off after " + at + " of " + total + " bytes"))
                : new Outcome.Whole();
    }

    private Thread closeWhenSilent(InputStream body, AtomicLong movedAt) {
        return Thread.ofVirtual().name("download watch").start(() -> {
            try {
                while (true) {
                    long left = movedAt.get() + patience.silence().toNanos() - System.nanoTime();
                    if (left <= 0) {
                        body.close();
                        return;
                    }
                    Thread.sleep(Duration.ofNanos(left));
                }
            } catch (InterruptedException | IOException done) {
                // read to its end, or closed
            }
        });
    }

    /** The SHA-256 of a file, in hexadecimal. */
    public static String sha256(Path file) throws IOException {
        return hash(file, () -> false);
    }

    private static String hash(Path file, BooleanSupplier cancelled) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
        try (var in = FileChannel.open(file, READ)) {
            var buffer = ByteBuffer.allocate(BUFFER_BYTES);
            while (in.read(buffer.clear()) >= 0) {
                stopIf(cancelled);
                digest.update(buffer.flip());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
