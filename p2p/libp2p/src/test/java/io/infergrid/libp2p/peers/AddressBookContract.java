package io.infergrid.libp2p.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every address book does. Its subclasses say which one. */
public abstract class AddressBookContract {

    private static final Duration HOUR = Duration.ofHours(1);
    private static final PrivateKey KEY = PrivateKey.fromSeed(new byte[32]);
    private static final PeerId PEER = KEY.peerId();

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    /** An empty book that holds at most so many peers. */
    protected abstract AddressBook book(InstantSource clock, int maxPeers);

    private AddressBook book() {
        return book(() -> now, 100);
    }

    private static Multiaddr tcp(int port) {
        return Multiaddr.parse("/ip4/203.0.113.7/tcp/" + port);
    }

    @Test
    public void the_latest_address_comes_first_and_peers_are_cut_off() {
        var book = book();
        book.add(PEER, List.of(tcp(1).withPeer(PEER), tcp(2)), HOUR);
        assertThat(book.addresses(PEER)).containsExactly(tcp(2), tcp(1));
        book.add(PEER, List.of(tcp(1)), HOUR);
        assertThat(book.addresses(PEER)).containsExactly(tcp(1), tcp(2));
        assertThat(book.addresses(PrivateKey.generate().peerId())).isEmpty();
    }

    @Test
    public void addresses_expire_each_in_its_time() {
        var book = book();
        book.add(PEER, List.of(tcp(1)), HOUR);
        book.add(PEER, List.of(tcp(2)), HOUR.multipliedBy(3));
        book.add(PEER, List.of(tcp(2)), HOUR); // known longer already
        now = now.plus(HOUR.multipliedBy(2));
        assertThat(book.addresses(PEER)).containsExactly(tcp(2));
        now = now.plus(HOUR);
        assertThat(book.addresses(PEER)).isEmpty();
    }

    @Test
    public void what_the_peer_signed_comes_before_hearsay_and_is_not_pushed_out() throws IOException {
        var book = book();
        assertThat(book.certify(PeerRecord.seal(KEY, 5, List.of(tcp(7))), HOUR)).isTrue();
        IntStream.range(100, 200).forEach(i -> book.add(PEER, List.of(tcp(i)), HOUR));
        assertThat(book.addresses(PEER)).startsWith(tcp(7), tcp(199)).hasSize(17);
        assertThat(book.record(PEER)).contains(PeerRecord.seal(KEY, 5, List.of(tcp(7))));
        now = now.plus(HOUR);
        assertThat(book.addresses(PEER)).isEmpty();
        assertThat(book.record(PEER)).isEmpty();
    }

    @Test
    public void only_a_newer_record_takes_the_place_of_one() throws IOException {
        var book = book();
        assertThat(book.certify(PeerRecord.seal(KEY, 5, List.of(tcp(5))), HOUR)).isTrue();
        assertThat(book.certify(PeerRecord.seal(KEY, 4, List.of(tcp(4))), HOUR)).isFalse();
        assertThat(book.certify(PeerRecord.seal(KEY, 5, List.of(tcp(55))), HOUR))
                .isFalse();
        assertThat(book.addresses(PEER)).containsExactly(tcp(5));
        assertThat(book.certify(PeerRecord.seal(KEY, 6, List.of(tcp(6))), HOUR)).isTrue();
        assertThat(book.addresses(PEER)).containsExactly(tcp(6));
    }

    @Test
    public void a_record_that_is_not_signed_changes_nothing() throws IOException {
        var book = book();
        var bytes = PeerRecord.seal(KEY, 5, List.of(tcp(5))).encode();
        bytes[bytes.length - 1] ^= 1;
        assertThatThrownBy(() -> book.certify(SignedEnvelope.decode(bytes), HOUR))
                .isInstanceOf(ProtocolViolation.class);
        assertThat(book.addresses(PEER)).isEmpty();
    }

    @Test
    public void the_peers_noted_last_are_kept() {
        var book = book(() -> now, 10);
        var peers = IntStream.range(0, 15)
                .mapToObj(_ -> PrivateKey.generate().peerId())
                .toList();
        for (var peer : peers) {
            now = now.plusSeconds(1);
            book.add(peer, List.of(tcp(1)), HOUR);
        }
        assertThat(book.peers(100)).isEqualTo(peers.subList(5, 15).reversed());
        assertThat(book.peers(3)).isEqualTo(peers.subList(12, 15).reversed());
        assertThat(book.addresses(peers.getFirst())).isEmpty();
        assertThat(book.addresses(peers.getLast())).containsExactly(tcp(1));
    }

    @Test
    public void an_address_or_a_peer_can_be_forgotten() {
        var book = book();
        book.add(PEER, List.of(tcp(1), tcp(2)), HOUR);
        book.remove(PEER, tcp(2).withPeer(PEER));
        assertThat(book.addresses(PEER)).containsExactly(tcp(1));
        book.remove(PEER);
        assertThat(book.addresses(PEER)).isEmpty();
        assertThat(book.peers(10)).isEmpty();
    }
}
