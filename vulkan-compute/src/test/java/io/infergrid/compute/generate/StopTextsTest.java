package io.infergrid.compute.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class StopTextsTest {

    @Test
    void what_may_begin_a_stop_is_held_back_until_it_is_known() {
        var stops = new StopTexts(List.of("\nUser:"));
        assertThat(stops.accept("Yes.\nUs")).isEqualTo("Yes.");
        assertThat(stops.accept("e it.")).isEqualTo("\nUse it.");
        assertThat(stops.accept("\nUser: and")).isEmpty();
        assertThat(stops.met()).isTrue();
        assertThat(stops.rest()).isEmpty();
    }

    @Property
    void the_answer_ends_before_the_first_stop_however_it_is_cut(
            @ForAll @CharRange(from = 'a', to = 'c') @StringLength(max = 60) String answer,
            @ForAll @Size(max = 3)
                    List<@NotEmpty @CharRange(from = 'a', to = 'c') @StringLength(max = 4) String> stopTexts,
            @ForAll @IntRange(min = 1, max = 7) int piece) {
        var stops = new StopTexts(stopTexts);
        var shown = new StringBuilder();
        for (int i = 0; i < answer.length() && !stops.met(); i += piece) {
            shown.append(stops.accept(answer.substring(i, Math.min(answer.length(), i + piece))));
        }
        shown.append(stops.rest());
        int end = stopTexts.stream()
                .mapToInt(answer::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(answer.length());
        assertThat(shown.toString()).isEqualTo(answer.substring(0, end));
        assertThat(stops.met()).isEqualTo(stopTexts.stream().anyMatch(answer::contains));
    }
}
