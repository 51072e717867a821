package io.infergrid.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {

    /** Test cases of EIP-55. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
                "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
                "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"
            })
    void the_published_test_cases_are_accepted(String text) {
        assertThat(new Address(text)).hasToString(text);
        assertThat(Address.ofUncheckedHex(text)).isEqualTo(new Address(text));
    }

    @Test
    void one_letter_in_the_wrong_case_is_refused() {
        assertThatThrownBy(() -> new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("checksum");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0x",
                "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedff"
            })
    void what_is_not_an_address_is_refused(String text) {
        assertThatThrownBy(() -> new Address(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_look_alike_has_the_same_ends_and_is_another_account() {
        Address mine = new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        Address thief = Address.ofUncheckedHex("0x5aae00000000000000000000000000000000eaed");
        assertThat(thief.looksLike(mine)).isTrue();
        assertThat(mine.looksLike(mine)).isFalse();
        assertThat(Address.ofUncheckedHex("0x5aae00000000000000000000000000000000eaee")
                        .looksLike(mine))
                .isFalse();
    }
}
