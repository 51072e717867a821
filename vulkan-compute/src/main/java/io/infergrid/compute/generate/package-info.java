/**
 * The loop that makes text: prompt in, token after token out. {@link io.infergrid.compute.generate.TextGenerator} knows where
 * an answer ends; where the next token comes from it asks a {@link io.infergrid.compute.generate.NextToken}, which is a model in
 * this process ({@link io.infergrid.compute.generate.SessionTokens}) or a pipeline of the grid. So both give the same text.
 *
 * <p>Depends on {@code engine}, {@code tokenizer} and {@code sampling}.
 */
@NullMarked
package io.infergrid.compute.generate;

import org.jspecify.annotations.NullMarked;
