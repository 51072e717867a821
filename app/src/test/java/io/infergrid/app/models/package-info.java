@NullMarked
package io.infergrid.app.models;

import org.jspecify.annotations.NullMarked;
