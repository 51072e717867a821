package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CsvTest {

    @Test
    void quotes_and_line_breaks_stay_in_their_field() {
        assertThat(new Csv().line("a\"b", "c\nd,e", 12).toString()).isEqualTo("\"a\"\"b\",\"c\nd,e\",12\r\n");
    }

    @Test
    void what_a_spreadsheet_would_run_is_made_harmless() {
        assertThat(new Csv().line("=1+1", "@x", -3.5).toString()).isEqualTo("\"'=1+1\",\"'@x\",-3.5\r\n");
    }
}
