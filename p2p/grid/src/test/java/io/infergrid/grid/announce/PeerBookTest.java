package io.infergrid.grid.announce;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.Role;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PeerBookTest {

    private static final List<Multiaddr> ADDRESSES = List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/4001"));

    private final PeerId peer = PeerId.of(PrivateKey.generate().publicKey());
    private final SetClock clock = new SetClock();
    private final PeerBook book = new PeerBook(clock);

    private static final class SetClock extends Clock {
        private Instant now = Instant.EPOCH;

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private Announcement announcement() {
        return new Announcement(
                peer, ADDRESSES, Set.of(Role.WORKER), "cpu", "IG1", "", Duration.ofSeconds(60), 1, List.of());
    }

    @Test
    void what_is_not_heard_again_for_two_periods_is_forgotten() {
        assertThat(book.hear(announcement(), Duration.ZERO)).isEmpty();
        clock.pass(Duration.ofSeconds(119));
        assertThat(book.peers()).hasSize(1);
        assertThat(book.hear(announcement(), Duration.ZERO)).isPresent();
        clock.pass(Duration.ofMinutes(2));
        assertThat(book.expire()).isEmpty();
        clock.pass(Duration.ofSeconds(1));
        assertThat(book.peers()).isEmpty();
        assertThat(book.expire()).containsExactly(peer);
    }

    @Test
    void a_hint_is_no_announcement() {
        assertThat(book.hint(new Announcement.Hint(peer, ADDRESSES))).isTrue();
        assertThat(book.hint(new Announcement.Hint(peer, ADDRESSES))).isFalse();
        assertThat(book.peers()).isEmpty();
        assertThat(book.takeHints(9)).extracting(Announcement.Hint::peer).containsExactly(peer);
        assertThat(book.takeHints(9)).isEmpty();
    }

    @Test
    void hints_are_bounded() {
        for (int i = 0; i < 2000; i++) {
            book.hint(new Announcement.Hint(PeerId.of(PrivateKey.generate().publicKey()), ADDRESSES));
        }
        assertThat(book.takeHints(5000)).hasSize(1024);
    }

    @Test
    void a_peer_whose_connection_broke_is_worth_a_try() {
        book.hear(announcement(), Duration.ofMillis(3));
        assertThat(book.disconnected(peer)).isTrue();
        assertThat(book.peers()).isEmpty();
        assertThat(book.takeHints(9)).extracting(Announcement.Hint::peer).containsExactly(peer);
    }

    @Test
    void what_others_passed_on_counts_from_when_it_was_said_and_no_older_word_takes_its_place() {
        clock.pass(Duration.ofHours(1));
        long said = clock.millis();
        clock.pass(Duration.ofSeconds(40));
        assertThat(book.overhear(announcement().said(said), Duration.ZERO)).isTrue();
        assertThat(book.overhear(announcement().said(said - 1), Duration.ZERO)).isFalse();
        clock.pass(Duration.ofSeconds(79));
        assertThat(book.overhear(announcement().said(said), Duration.ZERO)).isFalse(); // the same word adds no life
        clock.pass(Duration.ofSeconds(2));
        assertThat(book.expire()).containsExactly(peer); // two periods after it was said
    }

    @Test
    void a_wrong_clock_costs_a_peer_a_period_at_most() {
        clock.pass(Duration.ofHours(1));
        assertThat(book.overhear(announcement().said(clock.millis() - 3_600_000), Duration.ZERO))
                .isTrue();
        clock.pass(Duration.ofSeconds(59));
        assertThat(book.peers()).hasSize(1);
        assertThat(book.overhear(announcement().said(clock.millis() + 3_600_000), Duration.ZERO))
                .isTrue();
        clock.pass(Duration.ofSeconds(118));
        assertThat(book.peers()).hasSize(1);
    }

    @Test
    void news_is_what_others_act_upon_at_once() {
        var before = announcement();
        assertThat(before.said(7).isNewsAfter(before.said(3))).isFalse();
        assertThat(before.said(7).saysAs(before.said(3))).isTrue();
        var moved = new Announcement(
                peer, List.of(), Set.of(Role.WORKER), "cpu", "IG1", "", Duration.ofSeconds(60), 1, List.of());
        assertThat(moved.isNewsAfter(before)).isTrue();
        var busier = new Announcement(
                peer, ADDRESSES, Set.of(Role.WORKER), "cpu", "IG1", "", Duration.ofSeconds(60), 3, List.of());
        assertThat(busier.isNewsAfter(before)).isFalse();
        assertThat(busier.saysAs(before)).isFalse();
    }
}
