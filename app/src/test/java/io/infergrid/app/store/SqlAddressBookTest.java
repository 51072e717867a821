package io.infergrid.app.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same promises as the book in memory keeps, and that they outlive the process. */
class SqlAddressBookTest {

    private static final Duration HOUR = Duration.ofHours(1);
    private static final PrivateKey KEY = PrivateKey.fromSeed(new byte[32]);
    private static final PeerId PEER = KEY.peerId();

    @TempDir
    private Path directory;

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    private SqlAddressBook book(int maxPeers) throws IOException {
        return new SqlAddressBook(directory.resolve("addresses.db"), () -> now, maxPeers);
    }

    private static Multiaddr tcp(int port) {
        return Multiaddr.parse("/ip4/203.0.113.7/tcp/" + port);
    }

    @Test
    void what_was_noted_is_there_after_a_restart() throws IOException {
        var sealed = PeerRecord.seal(KEY, 5, List.of(tcp(7)));
        try (var book = book(10)) {
            book.add(PEER, List.of(tcp(1).withPeer(PEER), tcp(2)), HOUR);
            assertThat(book.certify(sealed, HOUR)).isTrue();
        }
        try (var book = book(10)) {
            assertThat(book.addresses(PEER)).containsExactly(tcp(7), tcp(2), tcp(1));
            assertThat(book.record(PEER)).contains(sealed);
            book.add(PEER, List.of(tcp(1)), HOUR);
            assertThat(book.addresses(PEER)).containsExactly(tcp(7), tcp(1), tcp(2));
            assertThat(book.peers(5)).containsExactly(PEER);
        }
    }

    @Test
    void addresses_and_records_expire() throws IOException {
        try (var book = book(10)) {
            book.add(PEER, List.of(tcp(1)), HOUR);
            book.add(PEER, List.of(tcp(2)), HOUR.multipliedBy(3));
            book.add(PEER, List.of(tcp(2)), HOUR);
            book.certify(PeerRecord.seal(KEY, 5, List.of(tcp(7))), HOUR);
            now = now.plus(HOUR.multipliedBy(2));
            assertThat(book.addresses(PEER)).containsExactly(tcp(2));
            assertThat(book.record(PEER)).isEmpty();
            now = now.plus(HOUR);
            book.sweep();
            assertThat(book.addresses(PEER)).isEmpty();
            assertThat(book.peers(5)).isEmpty();
        }
    }

    @Test
    void only_a_newer_signed_record_takes_the_place_of_one() throws IOException {
        try (var book = book(10)) {
            assertThat(book.certify(PeerRecord.seal(KEY, 5, List.of(tcp(5))), HOUR))
                    .isTrue();
            assertThat(book.certify(PeerRecord.seal(KEY, 4, List.of(tcp(4))), HOUR))
                    .isFalse();
            assertThat(book.certify(PeerRecord.seal(KEY, 5, List.of(tcp(55))), HOUR))
                    .isFalse();
            assertThat(book.certify(PeerRecord.seal(KEY, 6, List.of(tcp(6))), HOUR))
                    .isTrue();
            assertThat(book.addresses(PEER)).containsExactly(tcp(6));
            var bytes = PeerRecord.seal(KEY, 9, List.of(tcp(9))).encode();
            bytes[bytes.length - 1] ^= 1;
            assertThatThrownBy(() -> book.certify(SignedEnvelope.decode(bytes), HOUR))
                    .isInstanceOf(IOException.class);
            assertThat(book.addresses(PEER)).containsExactly(tcp(6));
        }
    }

    @Test
    void the_book_is_bounded_in_peers_and_addresses() throws IOException {
        try (var book = book(10)) {
            IntStream.range(100, 130).forEach(i -> book.add(PEER, List.of(tcp(i)), HOUR));
            assertThat(book.addresses(PEER)).hasSize(16).startsWith(tcp(129));
            var peers = IntStream.range(0, 15)
                    .mapToObj(_ -> PrivateKey.generate().peerId())
                    .toList();
            peers.forEach(peer -> book.add(peer, List.of(tcp(1)), HOUR));
            assertThat(book.peers(100)).isEqualTo(peers.subList(5, 15).reversed());
            assertThat(book.addresses(PEER)).isEmpty();
        }
    }

    @Test
    void an_address_or_a_peer_can_be_forgotten() throws IOException {
        try (var book = book(10)) {
            book.add(PEER, List.of(tcp(1), tcp(2)), HOUR);
            book.remove(PEER, tcp(2).withPeer(PEER));
            assertThat(book.addresses(PEER)).containsExactly(tcp(1));
            book.remove(PEER);
            assertThat(book.addresses(PEER)).isEmpty();
            assertThat(book.peers(10)).isEmpty();
        }
    }

    @Test
    void a_file_that_is_something_else_is_refused_with_its_name() throws IOException {
        Files.writeString(directory.resolve("addresses.db"), "this is a letter and no database ".repeat(100));
        assertThatThrownBy(() -> book(10))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("addresses.db: expected the addresses of peers");
    }
}
