/**
 * Text to token ids and back, by the vocabulary in a GGUF's metadata.
 *
 * <p>Read {@link io.infergrid.compute.tokenizer.Tokenizer} first. Two families: SentencePiece with scores ({@code llama})
 * and byte-level BPE with merges ({@code gpt2}), the latter behind the splitting rules that {@code tokenizer.ggml.pre} names.
 * {@link io.infergrid.compute.tokenizer.ChatTemplate} puts a conversation into the words that a model was trained on. Ids are
 * those of llama.cpp; its conformance files are tests here. Text and vocabularies come from strangers: time is at most
 * n log n in the length of the text.
 *
 * <p>Depends on {@code gguf} and {@code jinja}.
 */
@NullMarked
package io.infergrid.compute.tokenizer;

import org.jspecify.annotations.NullMarked;
