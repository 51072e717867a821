/**
 * What the rig computes with and what it says: {@link io.infergrid.app.device.OpenDevice} is the backend that was chosen and
 * shown to be conformant, {@link io.infergrid.app.device.ModelText} turns chats into tokens.
 */
@NullMarked
package io.infergrid.app.device;

import org.jspecify.annotations.NullMarked;
