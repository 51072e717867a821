/** Templates against what Jinja gives, against strangers, and against a Jinja of another language. */
@NullMarked
package io.infergrid.compute.jinja;

import org.jspecify.annotations.NullMarked;
