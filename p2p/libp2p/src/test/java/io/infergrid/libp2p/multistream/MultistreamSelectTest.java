package io.infergrid.libp2p.multistream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.codec.DecodeException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class MultistreamSelectTest {

    private static final String HEADER = "\u0013/multistream/1.0.0\n";

    private static ByteArrayInputStream in(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Example
    void header_and_proposal_leave_in_one_write() throws IOException {
        var out = new ByteArrayOutputStream();
        var chosen = MultistreamSelect.propose(in(HEADER + "\u0003/a\n"), out, List.of("/a"));
        assertThat(chosen).isEqualTo("/a");
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(HEADER + "\u0003/a\n");
    }

    @Example
    void the_second_proposal_follows_a_refusal() throws IOException {
        var out = new ByteArrayOutputStream();
        var chosen = MultistreamSelect.propose(in(HEADER + "\u0003na\n" + "\u0003/b\n"), out, List.of("/a", "/b"));
        assertThat(chosen).isEqualTo("/b");
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(HEADER + "\u0003/a\n\u0003/b\n");
    }

    @Example
    void the_answer_refuses_what_is_not_served() throws IOException {
        var out = new ByteArrayOutputStream();
        var chosen = MultistreamSelect.answer(in(HEADER + "\u0003/x\n\u0003/b\n"), out, "/b"::equals);
        assertThat(chosen).isEqualTo("/b");
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(HEADER + "\u0003na\n\u0003/b\n");
    }

    @Example
    void after_sixteen_proposals_it_is_enough() {
        var proposals = HEADER + "\u0003/x\n".repeat(100);
        assertThatThrownBy(() -> MultistreamSelect.answer(in(proposals), new ByteArrayOutputStream(), "/b"::equals))
                .isInstanceOf(MultistreamSelect.RefusedException.class);
    }

    @Example
    void messages_out_of_form_are_refused() {
        for (var bad : List.of(
                "\u0003/a\n",
                HEADER + "\u0000",
                HEADER + "\u0003abc",
                HEADER + "\u0081\u0008" + "x".repeat(2000),
                HEADER + "\u0083\u0000/a\n",
                HEADER + "\u0003/z\n",
                HEADER + "\u0003\u00ff\u00ff\n")) {
            assertThatThrownBy(() -> MultistreamSelect.propose(in(bad), new ByteArrayOutputStream(), List.of("/a")))
                    .as(bad)
                    .isInstanceOf(DecodeException.class)
                    .hasMessageContaining("expected");
        }
    }

    @Property
    void any_bytes_end_in_a_choice_or_a_declared_exception(
            @ForAll @Size(max = 200) byte[] bytes, @ForAll boolean header) throws Exception {
        var all = new ByteArrayOutputStream();
        if (header) {
            all.writeBytes(HEADER.getBytes(StandardCharsets.ISO_8859_1));
        }
        all.writeBytes(bytes);
        try {
            Bounded.memory(() -> {
                var input = new ByteArrayInputStream(all.toByteArray());
                assertThat(MultistreamSelect.answer(input, new ByteArrayOutputStream(), p -> p.length() > 2))
                        .hasSizeGreaterThan(2);
            });
        } catch (DecodeException | EOFException | MultistreamSelect.RefusedException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
