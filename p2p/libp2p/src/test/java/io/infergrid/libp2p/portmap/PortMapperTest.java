package io.infergrid.libp2p.portmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.portmap.Gateway.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Port mapping against a router on the loopback interface, in virtual time. */
@Timeout(60)
class PortMapperTest {

    private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
    private static final Multiaddr OUTSIDE = Multiaddr.parse("/ip4/11.0.0.77/tcp/4001");

    private static PortMapper byDatagrams(FakeRouter router) {
        return new PortMapper(
                4001, Transport.TCP, () -> List.of(() -> new DatagramGateway(router.datagramAddress(), new Random(1))));
    }

    private static PortMapper byUpnp(FakeRouter router) {
        return new PortMapper(
                4001, Transport.TCP, () -> List.of(() -> UpnpGateway.find(FakeRouter.LOOPBACK, router.ssdpAddress())));
    }

    @Test
    void a_port_is_forwarded_by_PCP_renewed_at_half_of_its_lease_and_taken_back() throws IOException {
        try (var router = new FakeRouter()) {
            var mapper = byDatagrams(router);
            assertThat(mapper.tick(NOW).external()).contains(OUTSIDE);
            assertThat(mapper.result().words()).isEqualTo("PCP at 127.0.0.1");
            assertThat(router.forwarded).containsEntry(4001, 4001);
            router.forwarded.clear();
            mapper.tick(NOW.plusSeconds(1799));
            assertThat(router.forwarded).isEmpty(); // not due
            mapper.tick(NOW.plusSeconds(1800));
            assertThat(router.forwarded).containsEntry(4001, 4001);
            mapper.close();
            assertThat(router.forwarded).isEmpty();
        }
    }

    @Test
    void a_router_of_before_PCP_is_asked_by_NAT_PMP_even_if_a_datagram_is_lost() throws IOException {
        try (var router = new FakeRouter()) {
            router.speaksPcp = false;
            router.losesFirst = 1;
            router.lifetimeSeconds = 600;
            try (var mapper = byDatagrams(router)) {
                assertThat(mapper.tick(NOW).external()).contains(OUTSIDE);
                assertThat(mapper.result().words()).isEqualTo("NAT-PMP at 127.0.0.1");
                router.forwarded.clear();
                mapper.tick(NOW.plusSeconds(300)); // half of what the router gave, not of what was asked
                assertThat(router.forwarded).containsEntry(4001, 4001);
            }
            assertThat(router.forwarded).isEmpty();
        }
    }

    @Test
    void a_router_that_will_not_says_why_and_is_asked_again_after_ten_minutes() throws IOException {
        try (var router = new FakeRouter();
                var mapper = byDatagrams(router)) {
            router.authorised = false;
            assertThat(mapper.tick(NOW).external()).isEmpty();
            assertThat(mapper.result().words()).isEqualTo("NAT-PMP: not authorised (port mapping is switched off)");
            router.authorised = true;
            assertThat(mapper.tick(NOW.plusSeconds(599)).external()).isEmpty();
            assertThat(mapper.tick(NOW.plusSeconds(600)).external()).contains(OUTSIDE);
        }
    }

    @Test
    void a_router_that_forgot_is_asked_anew_when_the_network_changes() throws IOException {
        try (var router = new FakeRouter();
                var mapper = byDatagrams(router)) {
            mapper.tick(NOW);
            router.forwarded.clear();
            mapper.networkChanged();
            assertThat(mapper.tick(NOW.plusSeconds(1)).external()).contains(OUTSIDE);
            assertThat(router.forwarded).containsEntry(4001, 4001);
        }
    }

    @Test
    void a_port_is_forwarded_by_UPnP_and_taken_back() throws IOException {
        try (var router = new FakeRouter()) {
            var mapper = byUpnp(router);
            assertThat(mapper.tick(NOW).external()).contains(OUTSIDE);
            assertThat(mapper.result().words()).isEqualTo("UPnP at 127.0.0.1");
            assertThat(router.forwarded).containsEntry(4001, 4001);
            mapper.close();
            assertThat(router.forwarded).isEmpty();
        }
    }

    @Test
    void a_UPnP_router_with_a_taken_port_and_only_permanent_leases_gives_the_next_port_for_ever() throws IOException {
        try (var router = new FakeRouter();
                var mapper = byUpnp(router)) {
            router.takenPort = 4001;
            router.onlyPermanent = true;
            assertThat(mapper.tick(NOW).external()).contains(Multiaddr.parse("/ip4/11.0.0.77/tcp/4002"));
            assertThat(router.forwarded).containsEntry(4002, 4001);
        }
    }

    @Test
    void a_UPnP_answer_that_leads_to_another_host_is_not_followed() throws IOException {
        try (var router = new FakeRouter();
                var mapper = byUpnp(router)) {
            router.location = "http://127.0.0.2:" + router.http.getAddress().getPort() + "/desc.xml";
            assertThat(mapper.tick(NOW).external()).isEmpty();
            assertThat(mapper.result().words()).contains("expected a URL at 127.0.0.1");
        }
    }

    @Test
    void a_description_with_a_document_type_is_refused() {
        var bomb = """
                <!DOCTYPE root [<!ENTITY a SYSTEM "file:///etc/passwd">]><root xmlns="x"><service>
                <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>&a;</controlURL></service></root>""";
        assertThatThrownBy(() ->
                        UpnpMessages.service(bomb.getBytes(StandardCharsets.UTF_8), URI.create("http://127.0.0.1:1/d")))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("without a document type");
    }

    @Test
    void a_document_of_more_than_128_KiB_is_refused() throws IOException {
        try (var router = new FakeRouter();
                var mapper = byUpnp(router)) {
            router.description = router.description + " ".repeat(128 << 10);
            assertThat(mapper.tick(NOW).external()).isEmpty();
            assertThat(mapper.result().words()).contains("at most 131072 bytes");
        }
    }

    @Test
    void the_default_route_is_read_from_what_each_system_prints() {
        var linux = List.of(
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                "eth1\t00000000\t0101A8C0\t0003\t0\t0\t200\t00000000\t0\t0\t0",
                "eth0\t00000000\tFE01A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
                "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0");
        assertThat(DefaultRoute.linux(linux)).contains(InetAddress.ofLiteral("192.168.1.254"));
        assertThat(DefaultRoute.netstat(Stream.of(
                        "Internet:", "Destination        Gateway            Flags", "default 10.0.0.1 UGScg en0")))
                .contains(InetAddress.ofLiteral("10.0.0.1"));
        assertThat(DefaultRoute.netstat(
                        Stream.of("          0.0.0.0          0.0.0.0      192.168.0.1     192.168.0.5  25")))
                .contains(InetAddress.ofLiteral("192.168.0.1"));
        assertThat(DefaultRoute.netstat(Stream.of("default link#5 UCS en0", "default fe80::1 UG")))
                .isEmpty();
    }

    @Property(tries = 200)
    void datagrams_of_a_stranger_are_answers_or_failures(@ForAll @Size(max = 80) byte[] bytes) throws Exception {
        Bounded.memory(() -> fails(() -> PortMessages.natPmpAddress(bytes)));
        Bounded.memory(() -> fails(() -> PortMessages.natPmpMapped(bytes, Transport.TCP, 1)));
        Bounded.memory(() -> fails(() -> PortMessages.pcpMapped(bytes, new byte[12], Transport.TCP, 1)));
        Bounded.memory(() -> fails(() -> UpnpMessages.location(bytes, FakeRouter.LOOPBACK)));
    }

    @Property(tries = 100)
    void documents_of_a_stranger_are_answers_or_failures(@ForAll @Size(max = 200) byte[] bytes) {
        fails(() -> UpnpMessages.service(bytes, URI.create("http://127.0.0.1:1/d")));
        fails(() -> UpnpMessages.externalAddress(bytes));
        fails(() -> UpnpMessages.fault(bytes));
    }

    @Property(tries = 200)
    void a_spoilt_answer_is_an_answer_or_a_failure(@ForAll int at, @ForAll byte value) throws Exception {
        var good = PortMessages.pcpMap(new byte[12], FakeRouter.LOOPBACK, Transport.TCP, 1, 1, FakeRouter.EXTERNAL, 60);
        good[1] = (byte) 0x81;
        good[Math.floorMod(at, good.length)] = value;
        Bounded.memory(() -> fails(() -> PortMessages.pcpMapped(good, new byte[12], Transport.TCP, 1)));
    }

    private interface Reading {
        Object run() throws IOException;
    }

    private static void fails(Reading reading) {
        try {
            assertThat(reading.run()).isNotNull();
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Test
    void a_lease_shorter_than_two_minutes_is_renewed_once_a_minute() throws IOException {
        try (var router = new FakeRouter();
                var mapper = byDatagrams(router)) {
            router.lifetimeSeconds = 2;
            mapper.tick(NOW);
            router.forwarded.clear();
            mapper.tick(NOW.plus(Duration.ofSeconds(59)));
            assertThat(router.forwarded).isEmpty();
            mapper.tick(NOW.plus(Duration.ofSeconds(60)));
            assertThat(router.forwarded).containsEntry(4001, 4001);
        }
    }
}
