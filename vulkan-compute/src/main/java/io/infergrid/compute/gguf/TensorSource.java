package io.infergrid.compute.gguf;

import java.util.Optional;
import java.util.Set;

/**
 * A model's metadata and the tensors that are at hand: a whole GGUF file, or the shards of one that a rig holds. Safe for
 * use by several threads; tensors stay readable until the source is closed by whoever opened it.
 */
public interface TensorSource {

    /** Key-value metadata of the model, the whole of it even where only some tensors are at hand. */
    GgufMetadata metadata();

    /** Names of the tensors at hand, e.g. {@code blk.0.attn_q.weight}. */
    Set<String> tensorNames();

    Optional<GgufTensor> find(String name);

    /**
     * @throws GgufException if no such tensor is at hand; the message names it
     */
    default GgufTensor tensor(String name) {
        return find(name).orElseThrow(() -> new GgufException("expected a tensor '" + name + "', found none"));
    }
}
