package io.infergrid.grid.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.grid.Hash;
import io.infergrid.grid.TinyLlama;
import io.infergrid.grid.wire.WireException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelPackageTest {

    /** So many that the embedding has four pieces. */
    private static final int VOCABULARY = 16_384;

    @TempDir
    Path folder;

    private Path gguf;

    @BeforeEach
    void write() throws IOException {
        gguf = TinyLlama.write(folder.resolve("tiny.gguf"), VOCABULARY, false);
    }

    private record At(int shard, int piece) {}

    private static List<At> all(Manifest manifest) {
        var all = new ArrayList<At>();
        for (int s = 0; s < manifest.shards().size(); s++) {
            for (int p = 0; p < manifest.shards().get(s).pieces().size(); p++) {
                all.add(new At(s, p));
            }
        }
        return all;
    }

    @Test
    void a_manifest_says_what_the_file_is() throws Exception {
        Manifest manifest = ModelCutter.cut(gguf, "");
        assertThat(manifest.name()).isEqualTo("tiny");
        assertThat(manifest.architecture()).isEqualTo("llama");
        assertThat(manifest.licence()).isEqualTo("Apache-2.0");
        assertThat(manifest.blocks()).isEqualTo(TinyLlama.BLOCKS);
        assertThat(manifest.dimension()).isEqualTo(TinyLlama.DIMENSION);
        assertThat(manifest.vocabulary()).isEqualTo(VOCABULARY);
        assertThat(manifest.contextLength()).isEqualTo(TinyLlama.CONTEXT);
        assertThat(manifest.tied()).isFalse();
        assertThat(manifest.fileBytes()).isEqualTo(Files.size(gguf));
        assertThat(manifest.shards())
                .extracting(Shard::label)
                .containsExactly("metadata", "embedding", "block 0", "block 1", "block 2", "block 3", "head");
        assertThat(manifest.shards().get(1).pieces()).hasSize(4);
        assertThat(manifest.shards().stream().mapToLong(Shard::bytes).sum()).isEqualTo(Files.size(gguf));
    }

    @Test
    void a_manifest_survives_its_binary_form_and_has_one_root() throws Exception {
        Manifest manifest = ModelCutter.cut(gguf, "");
        Manifest read = Manifest.decode(manifest.encode(), manifest.root());
        assertThat(read).isEqualTo(manifest);
        assertThat(read.encode()).isEqualTo(manifest.encode());
        assertThat(ModelCutter.cut(gguf, "MIT").root()).isNotEqualTo(manifest.root());
    }

    @Test
    void no_changed_byte_of_a_manifest_goes_unnoticed() throws Exception {
        Manifest manifest = ModelCutter.cut(TinyLlama.write(folder.resolve("small.gguf")), "");
        Hash root = manifest.root();
        byte[] bytes = manifest.encode();
        for (int i = 0; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            assertThatThrownBy(() -> Manifest.decode(changed, root)).isInstanceOf(WireException.class);
        }
        for (int length = 0; length < bytes.length; length += 37) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> Manifest.decode(cut, root)).isInstanceOf(WireException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void all_shards_together_give_the_file_back_byte_for_byte(boolean tied) throws Exception {
        Path model = TinyLlama.write(folder.resolve("model.gguf"), VOCABULARY, tied);
        Path back = folder.resolve("back.gguf");
        try (var file = new GgufShards(model, "");
                var store = ShardStore.write(folder.resolve("package"), file)) {
            assertThat(store.root()).isEqualTo(file.root());
            store.assemble(back);
        }
        assertThat(Files.mismatch(model, back)).isEqualTo(-1);
    }

    @Test
    void a_stage_reads_its_own_shards_and_no_others() throws Exception {
        Manifest manifest = ModelCutter.cut(gguf, "");
        assertThat(manifest.shardsFor(new StageSpec(0, 1, true, false))).containsExactly(0, 1, 2);
        assertThat(manifest.shardsFor(new StageSpec(1, 3, false, false))).containsExactly(0, 3, 4);
        assertThat(manifest.shardsFor(new StageSpec(3, 4, false, true))).containsExactly(0, 5, 6);
        Manifest tied = ModelCutter.cut(TinyLlama.write(folder.resolve("tied.gguf"), VOCABULARY, true), "");
        assertThat(tied.shardsFor(new StageSpec(3, 4, false, true))).containsExactly(0, 1, 5, 6);
    }

    @Test
    void tensors_of_shards_are_those_of_the_file() throws Exception {
        try (var file = GgufFile.open(gguf);
                var shards = new GgufShards(gguf, "");
                var store = ShardStore.of(folder.resolve("shards"), shards.manifest())) {
            var spec = new StageSpec(2, 4, false, true);
            for (int shard : store.manifest().shardsFor(spec)) {
                for (int p = 0;
                        p < store.manifest().shards().get(shard).pieces().size();
                        p++) {
                    store.put(shard, p, shards.piece(shard, p));
                }
            }
            for (HeldShards held : List.of(shards, store)) {
                try (OpenTensors open = held.open(spec)) {
                    assertThat(open.tensorNames())
                            .contains(
                                    "blk.2.attn_q.weight",
                                    "blk.3.ffn_down.weight",
                                    "output.weight",
                                    "rope_freqs.weight")
                            .doesNotContain("token_embd.weight", "blk.1.attn_q.weight");
                    assertThat(open.metadata()).isEqualTo(file.metadata());
                    for (String name : open.tensorNames()) {
                        MemorySegment expected = file.tensor(name).data();
                        assertThat(open.tensor(name).data().mismatch(expected)).isEqualTo(-1);
                    }
                }
            }
            assertThatThrownBy(() -> store.open(new StageSpec(0, 1, true, false)))
                    .isInstanceOf(IOException.class)
                    .hasMessage("expected the shard 'embedding' on disk, found 0 of 4 pieces");
        }
    }

    @Test
    void pieces_may_come_in_any_order_and_wrong_ones_are_refused() throws Exception {
        try (var shards = new GgufShards(gguf, "");
                var store = ShardStore.of(folder.resolve("shards"), shards.manifest())) {
            List<At> pieces = all(store.manifest());
            Collections.shuffle(pieces, new Random(7));
            for (At at : pieces) {
                byte[] piece = shards.piece(at.shard(), at.piece());
                byte[] tampered = piece.clone();
                tampered[tampered.length / 2] ^= 1;
                assertThatThrownBy(() -> store.put(at.shard(), at.piece(), tampered))
                        .isInstanceOf(WireException.class)
                        .hasMessageContaining("with its hash, found other bytes");
                assertThat(store.pieces(at.shard()).get(at.piece())).isFalse();
                store.put(at.shard(), at.piece(), piece);
                assertThat(store.piece(at.shard(), at.piece())).isEqualTo(piece);
            }
            for (int i = 0; i < store.manifest().shards().size(); i++) {
                assertThat(store.complete(i)).isTrue();
            }
        }
    }

    @Test
    void what_was_fetched_before_a_stop_is_there_after_it() throws Exception {
        try (var shards = new GgufShards(gguf, "")) {
            Path root = folder.resolve("shards").resolve(shards.root().hex());
            try (var store = ShardStore.of(folder.resolve("shards"), shards.manifest())) {
                store.put(1, 2, shards.piece(1, 2));
                store.put(1, 0, shards.piece(1, 0));
                store.put(2, 0, shards.piece(2, 0));
            }
            try (var store = ShardStore.open(root)) {
                assertThat(store.pieces(1).stream()).containsExactly(0, 2);
                assertThat(store.complete(2)).isTrue();
            }
            // the journal vouches for it, so it is not hashed again, until it is used
            flip(root.resolve("0001-embedding.shard.part"), 2 * Shard.PIECE_BYTES + 5);
            try (var store = ShardStore.open(root)) {
                assertThat(store.pieces(1).stream()).containsExactly(0, 2);
                assertThatThrownBy(() -> store.piece(1, 2)).hasMessageContaining("it has to be fetched again");
                assertThat(store.pieces(1).stream()).containsExactly(0);
            }
            // without a journal, pieces are found by their hashes
            Files.delete(root.resolve("journal"));
            try (var store = ShardStore.open(root)) {
                assertThat(store.pieces(1).stream()).containsExactly(0);
                for (int p = 0; p < 4; p++) {
                    store.put(1, p, shards.piece(1, p));
                }
                assertThat(store.complete(1)).isTrue();
            }
        }
    }

    @Test
    void a_shard_that_rots_on_disk_is_never_used() throws Exception {
        try (var shards = new GgufShards(gguf, "")) {
            Path root = folder.resolve("package");
            ShardStore.write(root, shards).close();
            flip(root.resolve("0002-block-0.shard"), 100);
            try (var store = ShardStore.open(root)) {
                assertThatThrownBy(() -> store.open(new StageSpec(0, 1, true, false)))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("piece 0 of block 0 as it was stored, found other bytes");
                assertThat(store.complete(2)).isFalse();
                store.put(2, 0, shards.piece(2, 0));
                store.open(new StageSpec(0, 1, true, false)).close();
            }
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var one = ByteBuffer.allocate(1);
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ 1)).flip();
            channel.write(one, at);
        }
    }

    @Test
    void a_file_that_is_no_model_is_refused_in_one_line() throws Exception {
        Path cut = folder.resolve("cut.gguf");
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(gguf), (int) Files.size(gguf) - 100));
        assertThatThrownBy(() -> ModelCutter.cut(cut, ""))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected its data inside");
        Path text = Files.writeString(folder.resolve("text.gguf"), "no model at all, just text");
        assertThatThrownBy(() -> ModelCutter.cut(text, "")).isInstanceOf(GgufException.class);
    }

    @Test
    void a_folder_with_a_manifest_of_another_model_is_refused() throws Exception {
        try (var shards = new GgufShards(gguf, "")) {
            Path root = Files.createDirectories(folder.resolve("0".repeat(64)));
            Files.write(root.resolve("manifest"), shards.manifest().encode());
            assertThatThrownBy(() -> ShardStore.open(root))
                    .isInstanceOf(WireException.class)
                    .hasMessageContaining("expected the model root of the folder's name");
        }
    }
}
