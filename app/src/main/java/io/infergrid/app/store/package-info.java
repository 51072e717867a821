/**
 * What the rig remembers, in one SQLite file: jobs and their windows, benchmark runs, peers seen, settings, events. {@link
 * io.infergrid.app.store.Store} is the type to read first; nothing outside this package knows SQL.
 */
@NullMarked
package io.infergrid.app.store;

import org.jspecify.annotations.NullMarked;
