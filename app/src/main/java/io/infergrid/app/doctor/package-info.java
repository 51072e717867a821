/** The self-test: {@link io.infergrid.app.doctor.SelfTest} looks at everything that a rig needs and says what to do about it. */
@NullMarked
package io.infergrid.app.doctor;

import org.jspecify.annotations.NullMarked;
