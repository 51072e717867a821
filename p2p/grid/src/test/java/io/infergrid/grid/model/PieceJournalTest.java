package io.infergrid.grid.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.Hash;
import io.infergrid.grid.model.PieceJournal.Entry;
import io.infergrid.grid.model.PieceJournal.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PieceJournalTest {

    private static final Hash ROOT = Hash.of(new byte[32]);
    private static final int[] PIECES = {3, 40, 7};
    private static final int HEAD = 36;
    private static final int RECORD = 11;

    @TempDir
    Path folder;

    private PieceJournal open(Path file) throws IOException {
        return PieceJournal.open(file, ROOT, PIECES);
    }

    private static List<BitSet> vouched(PieceJournal journal) {
        var all = new ArrayList<BitSet>();
        for (int shard = 0; shard < PIECES.length; shard++) {
            all.add((BitSet) journal.vouched(shard).clone());
        }
        return all;
    }

    /** States after each entry, the first before any. */
    private List<List<BitSet>> write(Path file, int entries) throws IOException {
        var random = new Random(5);
        var states = new ArrayList<List<BitSet>>();
        try (var journal = open(file)) {
            states.add(vouched(journal));
            for (int i = 0; i < entries; i++) {
                int shard = random.nextInt(PIECES.length);
                Kind kind = random.nextInt(8) == 0 ? Kind.values()[random.nextInt(3)] : Kind.HAVE;
                int piece = kind == Kind.SHARD_GONE ? 0 : random.nextInt(PIECES[shard]);
                journal.append(List.of(new Entry(kind, shard, piece)));
                states.add(vouched(journal));
            }
        }
        return states;
    }

    @Test
    void a_tail_that_was_torn_anywhere_is_dropped_and_the_rest_holds() throws Exception {
        Path file = folder.resolve("journal");
        List<List<BitSet>> states = write(file, 60);
        byte[] whole = Files.readAllBytes(file);
        assertThat(whole).hasSize(HEAD + 60 * RECORD);
        for (int length = 0; length <= whole.length; length += 3) {
            Path torn = folder.resolve("torn");
            Files.write(torn, Arrays.copyOf(whole, length));
            try (var journal = open(torn)) {
                assertThat(journal.wasSound()).isEqualTo(length >= HEAD);
                int records = Math.max(0, (length - HEAD) / RECORD);
                assertThat(vouched(journal)).isEqualTo(states.get(records));
                journal.append(List.of(new Entry(Kind.HAVE, 1, 39)));
            }
            try (var journal = open(torn)) {
                assertThat(journal.vouched(1).get(39)).isTrue();
            }
            Files.delete(torn);
        }
    }

    @Test
    void a_record_with_a_changed_byte_ends_what_is_believed() throws Exception {
        Path file = folder.resolve("journal");
        List<List<BitSet>> states = write(file, 60);
        byte[] whole = Files.readAllBytes(file);
        for (int at = HEAD; at < whole.length; at += 5) {
            byte[] changed = whole.clone();
            changed[at] ^= 0x10;
            Path spoilt = folder.resolve("spoilt");
            Files.write(spoilt, changed);
            try (var journal = open(spoilt)) {
                assertThat(vouched(journal)).isEqualTo(states.get((at - HEAD) / RECORD));
            }
            Files.delete(spoilt);
        }
    }

    @Test
    void records_at_another_place_or_of_another_model_are_not_believed() throws Exception {
        Path file = folder.resolve("journal");
        write(file, 4);
        byte[] whole = Files.readAllBytes(file);
        byte[] moved = Arrays.copyOf(whole, HEAD + RECORD);
        System.arraycopy(whole, HEAD + 2 * RECORD, moved, HEAD, RECORD);
        Files.write(file, moved);
        try (var journal = open(file)) {
            assertThat(vouched(journal)).allMatch(BitSet::isEmpty);
        }
        Files.write(file, whole);
        byte[] other = new byte[32];
        other[0] = 1;
        try (var journal = PieceJournal.open(file, Hash.of(other), PIECES)) {
            assertThat(journal.wasSound()).isFalse();
            assertThat(vouched(journal)).allMatch(BitSet::isEmpty);
        }
    }

    @Test
    void a_journal_full_of_stale_records_is_written_anew() throws Exception {
        Path file = folder.resolve("journal");
        try (var journal = open(file)) {
            var entries = new ArrayList<Entry>();
            for (int i = 0; i < 4200; i++) {
                entries.add(new Entry(i % 2 == 0 ? Kind.HAVE : Kind.GONE, 0, 1));
            }
            entries.add(new Entry(Kind.HAVE, 2, 6));
            journal.append(entries);
        }
        try (var journal = open(file)) {
            assertThat(Files.size(file)).isEqualTo(HEAD + RECORD);
            assertThat(journal.vouched(2).get(6)).isTrue();
            assertThat(journal.vouched(0).isEmpty()).isTrue();
        }
    }
}
