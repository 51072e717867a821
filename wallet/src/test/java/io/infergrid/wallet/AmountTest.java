package io.infergrid.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class AmountTest {

    private static final String MAX = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    @Property
    void what_is_printed_is_read_back_to_the_wei(@ForAll @BigRange(min = "0", max = MAX) BigInteger wei) {
        Amount amount = new Amount(wei);
        assertThat(Amount.parse(amount.toString())).isEqualTo(amount);
    }

    @Property
    void money_is_conserved(
            @ForAll @BigRange(min = "0", max = "1000000000000000000000") BigInteger a,
            @ForAll @BigRange(min = "0", max = "1000000000000000000000") BigInteger b) {
        assertThat(new Amount(a).plus(new Amount(b)).minus(new Amount(b))).isEqualTo(new Amount(a));
    }

    @Property
    void any_text_is_an_amount_or_refused_in_words(@ForAll @StringLength(max = 200) String text) {
        try {
            Amount.parse(text);
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageContaining("expected");
        }
    }

    @Test
    void half_a_btt_is_written_as_people_write_it() {
        assertThat(Amount.parse("0.5").wei()).isEqualTo(new BigInteger("500000000000000000"));
        assertThat(Amount.ofWei(1)).hasToString("0.000000000000000001");
        assertThat(Amount.ZERO).hasToString("0");
    }

    @Test
    void signs_exponents_and_a_nineteenth_decimal_are_refused() {
        for (String text : new String[] {"-1", "+1", "1e3", "1.", ".5", "1,5", "0.0000000000000000001", ""}) {
            assertThatThrownBy(() -> Amount.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void no_amount_is_below_zero_or_above_what_the_chain_can_hold() {
        assertThatThrownBy(() -> Amount.ZERO.minus(Amount.ofWei(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Amount(new BigInteger(MAX)).plus(Amount.ofWei(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
