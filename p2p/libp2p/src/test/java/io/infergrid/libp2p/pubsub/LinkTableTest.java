package io.infergrid.libp2p.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LinkTableTest {

    private static final PeerId PEER = PrivateKey.generate().publicKey().peerId();

    private record Line(PeerId peer, List<String> said) {}

    /** What a link does first is the router's "subscribe to these topics" to the peer; it was lost while the link was not found. */
    @Test
    void what_is_said_through_a_link_while_it_starts_is_not_lost() {
        var table = new ArrayList<LinkTable<Line>>();
        table.add(new LinkTable<>(
                peer -> new Line(peer, new ArrayList<>()),
                line -> table.getFirst()
                        .find(line.peer())
                        .ifPresent(found -> found.said().add("subscribe"))));
        assertThat(table.getFirst().findOrStart(PEER).said()).containsExactly("subscribe");
    }

    @Test
    void a_peer_has_one_link_which_starts_once() {
        var started = new ArrayList<Line>();
        var table = new LinkTable<Line>(peer -> new Line(peer, new ArrayList<>()), started::add);
        var first = table.findOrStart(PEER);
        assertThat(table.findOrStart(PEER)).isSameAs(first);
        assertThat(started).containsExactly(first);
        table.remove(PEER, new Line(PEER, List.of("another")));
        assertThat(table.find(PEER)).isEqualTo(Optional.of(first));
        table.remove(PEER, first);
        assertThat(table.find(PEER)).isEmpty();
    }

    /** Two at once: one makes its link while the other puts its own in. */
    @Test
    void a_link_that_came_second_is_never_started() {
        var started = new ArrayList<String>();
        var tables = new ArrayList<LinkTable<String>>();
        var names = new ArrayList<>(List.of("first", "second"));
        tables.add(new LinkTable<>(
                peer -> {
                    var name = names.removeFirst();
                    if (name.equals("first")) {
                        assertThat(tables.getFirst().findOrStart(peer)).isEqualTo("second");
                    }
                    return name;
                },
                started::add));
        assertThat(tables.getFirst().findOrStart(PEER)).isEqualTo("second");
        assertThat(started).containsExactly("second");
    }
}
