package io.infergrid.app.ui.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TypedNumberTest {

    @ParameterizedTest
    @CsvSource({"0,0", "12,12", "' 7 ',7", "100,100", "101,5", "-1,5", "1.5,5", "'',5", "many,5", "99999999999,5"})
    void only_whole_numbers_within_the_bounds_count(String typed, int found) {
        assertThat(TypedNumber.of(typed, 100, 5)).isEqualTo(found);
    }
}
