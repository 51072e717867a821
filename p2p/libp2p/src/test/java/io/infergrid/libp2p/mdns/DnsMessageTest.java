package io.infergrid.libp2p.mdns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.codec.DecodeException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class DnsMessageTest {

    private static final DnsMessage ANSWER = new DnsMessage(
            true,
            List.of(),
            List.of(
                    new DnsMessage.Ptr("_p2p._udp.local", "abc._p2p._udp.local"),
                    new DnsMessage.Txt("abc._p2p._udp.local", List.of("dnsaddr=/ip4/10.0.0.1/tcp/1", "x"))));

    private static final String QUERY_HEADER = "000000000001000000000000";

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    @Test
    void questions_and_answers_come_back_as_they_were_written() throws Exception {
        var question =
                new DnsMessage(false, List.of(new DnsMessage.Question("_p2p._udp.local", DnsMessage.PTR)), List.of());
        assertThat(DnsMessage.decode(question.encode(120))).isEqualTo(question);
        assertThat(DnsMessage.decode(ANSWER.encode(120))).isEqualTo(ANSWER);
    }

    @Test
    void compressed_names_are_followed_back_and_read_in_lower_case() throws Exception {
        // "local" stands at 12, "Ab" and a pointer to it at 23
        var packet = hex("000000000002000000000000" + "056c6f63616c00" + "000c0001" + "024162c00c" + "000c8001");
        assertThat(DnsMessage.decode(packet).questions())
                .extracting(DnsMessage.Question::name)
                .containsExactly("local", "ab.local");
    }

    @Test
    void a_name_that_points_to_itself_or_ahead_is_refused() {
        assertThatThrownBy(() -> DnsMessage.decode(hex(QUERY_HEADER + "c00c" + "000c0001")))
                .isInstanceOf(DecodeException.class)
                .hasMessage("mdns: expected a pointer to an earlier name, found one from 12 to 12");
        assertThatThrownBy(() -> DnsMessage.decode(hex(QUERY_HEADER + "0161c00c" + "000c0001")))
                .hasMessageContaining("from 12 to 12");
        assertThatThrownBy(() -> DnsMessage.decode(hex(QUERY_HEADER + "c010" + "000c0001" + "0161c00c")))
                .hasMessageContaining("from 12 to 16");
    }

    @Test
    void labels_of_more_than_63_bytes_and_names_of_more_than_255_are_refused() {
        assertThatThrownBy(() -> DnsMessage.decode(hex(QUERY_HEADER + "40" + "61".repeat(64) + "00000c0001")))
                .hasMessage("mdns: expected a label of at most 63 bytes, found 64");
        assertThatThrownBy(() ->
                        DnsMessage.decode(hex(QUERY_HEADER + ("3f" + "61".repeat(63)).repeat(4) + "00000c0001")))
                .hasMessage("mdns: expected a name of at most 255 bytes, found a longer one");
    }

    @Test
    void a_packet_of_more_than_9000_bytes_and_counts_beyond_all_use_are_refused() {
        assertThatThrownBy(() -> DnsMessage.decode(new byte[9001]))
                .hasMessage("mdns: expected 12 to 9000 bytes, found 9001");
        assertThatThrownBy(() -> DnsMessage.decode(hex("000084000000ffff00000000")))
                .hasMessage("mdns: expected at most 256 records, found 65535");
        assertThatThrownBy(() -> DnsMessage.decode(hex("000084000021000000000000")))
                .hasMessage("mdns: expected at most 32 questions, found 33");
    }

    @Test
    void a_text_longer_than_its_record_is_refused() {
        var packet = hex("000084000000000100000000" + "016100" + "00100001" + "00000078" + "0002" + "0561");
        assertThatThrownBy(() -> DnsMessage.decode(packet)).hasMessage("mdns: expected 5 bytes of text, found 1");
    }

    @Property(tries = 2000)
    void any_bytes_are_a_message_or_are_refused_with_bounded_memory(@ForAll byte[] bytes) throws Exception {
        Bounded.memory(() -> decode(bytes));
    }

    @Property(tries = 5000)
    void changed_bytes_are_refused_or_read_with_bounded_memory(@ForAll long seed) throws Exception {
        var random = new Random(seed);
        var bytes = ANSWER.encode(120);
        for (int i = 0; i < 4; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) (random.nextBoolean() ? 0xc0 : random.nextInt());
        }
        Bounded.memory(() -> decode(Arrays.copyOf(bytes, bytes.length - random.nextInt(3))));
    }

    private static void decode(byte[] bytes) {
        try {
            DnsMessage.decode(bytes);
        } catch (DecodeException expected) {
            assertThat(expected).hasMessageContaining("expected");
        }
    }
}
