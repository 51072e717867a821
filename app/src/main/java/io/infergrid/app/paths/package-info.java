/**
 * Where the program keeps its things: {@link io.infergrid.app.paths.Home} names the directories, {@link
 * io.infergrid.app.paths.InstanceLock} keeps a second copy of the program from using them at the same time.
 */
@NullMarked
package io.infergrid.app.paths;

import org.jspecify.annotations.NullMarked;
