package io.infergrid.libp2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.Access;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Limits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class InboundGateTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Access access = new Access(() -> 0, () -> {});
    private final InboundGate gate =
            new InboundGate(Limits.DEFAULT.withPendingInbound(20, 3).withConnections(10, 2, 5), access);

    private static InetAddress ip(String literal) throws UnknownHostException {
        return InetAddress.ofLiteral(literal);
    }

    @Test
    void one_address_has_few_handshakes_at_once() throws UnknownHostException {
        for (int i = 0; i < 3; i++) {
            assertThat(gate.knock(ip("203.0.113.1"), 0)).isEmpty();
        }
        assertThat(gate.knock(ip("203.0.113.1"), 0)).contains(Event.REFUSED_PENDING);
        assertThat(gate.knock(ip("203.0.113.2"), 0)).isEmpty();
        gate.settled(ip("203.0.113.1"));
        assertThat(gate.knock(ip("203.0.113.1"), 0)).isEmpty();
    }

    @Test
    void a_household_of_ip6_counts_as_one() throws UnknownHostException {
        for (int i = 0; i < 3; i++) {
            assertThat(gate.knock(ip("2001:db8:1:2" + i + "::1"), 0)).isEmpty();
        }
        assertThat(gate.knock(ip("2001:db8:1:2f::1"), 0)).contains(Event.REFUSED_PENDING);
        assertThat(gate.knock(ip("2001:db8:1:12f::1"), 0)).isEmpty();
    }

    @Test
    void a_slash_48_of_ip6_has_64_connections_however_many_households_it_claims_to_be() throws UnknownHostException {
        var roomy = new InboundGate(Limits.DEFAULT, access);
        for (int i = 0; i < 64; i++) {
            assertThat(roomy.opened(ip("2001:db8:1:" + Integer.toHexString(i << 8) + "::1"), true, 0))
                    .isTrue();
        }
        assertThat(roomy.opened(ip("2001:db8:1:ff00::1"), true, 0)).isFalse();
        assertThat(roomy.knock(ip("2001:db8:1:ff00::1"), 0)).contains(Event.REFUSED_CONNECTIONS);
        assertThat(roomy.opened(ip("2001:db8:1:ff00::1"), false, 0))
                .as("we dialled it")
                .isTrue();
        assertThat(roomy.knock(ip("2001:db8:2:ff00::1"), 0))
                .as("the /48 beside it")
                .isEmpty();
        roomy.closed(ip("2001:db8:1:ff00::1"));
        roomy.closed(ip("2001:db8:1:100::1"));
        assertThat(roomy.knock(ip("2001:db8:1:ff00::1"), 0)).isEmpty();
    }

    @Test
    void one_address_comes_at_a_bounded_rate() throws UnknownHostException {
        for (int i = 0; i < 20; i++) {
            assertThat(gate.knock(ip("203.0.113.1"), 0)).isEmpty();
            gate.settled(ip("203.0.113.1"));
        }
        assertThat(gate.knock(ip("203.0.113.1"), 0)).contains(Event.REFUSED_RATE);
        assertThat(gate.knock(ip("203.0.113.1"), SECOND / 2)).isEmpty();
        assertThat(gate.knock(ip("203.0.113.2"), 0)).isEmpty();
    }

    @Test
    void one_address_has_few_connections_and_all_together_not_too_many() throws UnknownHostException {
        assertThat(gate.opened(ip("203.0.113.1"), true, 0)).isTrue();
        assertThat(gate.opened(ip("203.0.113.1"), true, 0)).isTrue();
        assertThat(gate.opened(ip("203.0.113.1"), true, 0)).isFalse();
        assertThat(gate.opened(ip("203.0.113.1"), false, 0)).as("we dialled it").isTrue();
        for (int i = 2; i < 9; i++) {
            assertThat(gate.opened(ip("203.0.113." + i), true, 0)).isTrue();
        }
        assertThat(gate.opened(ip("203.0.113.9"), true, 0)).isFalse();
        assertThat(gate.knock(ip("203.0.113.9"), 0)).contains(Event.REFUSED_CONNECTIONS);
        gate.closed(ip("203.0.113.2"));
        assertThat(gate.knock(ip("203.0.113.9"), 0)).isEmpty();
    }

    @Test
    void loopback_is_exempt_from_what_counts_by_address() throws UnknownHostException {
        for (int i = 0; i < 20; i++) {
            assertThat(gate.knock(ip("127.0.0.1"), 0)).isEmpty();
        }
        assertThat(gate.knock(ip("127.0.0.1"), 0)).contains(Event.REFUSED_PENDING);
    }

    @Test
    void a_crowd_of_addresses_is_bounded_in_memory() throws UnknownHostException {
        int let = 0;
        for (int i = 0; i < 20_000; i++) {
            var address = InetAddress.getByAddress(new byte[] {11, (byte) (i >> 16), (byte) (i >> 8), (byte) i});
            if (gate.knock(address, i * SECOND / 100_000).isEmpty()) {
                let++;
                gate.settled(address);
            }
        }
        assertThat(let).isBetween(16_384, 20_000);
        assertThat(gate.knock(ip("203.0.113.1"), 100 * SECOND)).isEmpty();
    }
}
