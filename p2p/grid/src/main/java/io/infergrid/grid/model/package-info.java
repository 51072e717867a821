/**
 * Model packages: a GGUF cut into content-addressed shards. {@link io.infergrid.grid.model.Manifest} says which bytes of the file
 * each shard has and what they hash to, {@link io.infergrid.grid.model.ModelCutter} makes one from a file, {@link
 * io.infergrid.grid.model.ShardStore} keeps shards on disk. Knows no network.
 */
@NullMarked
package io.infergrid.grid.model;

import org.jspecify.annotations.NullMarked;
