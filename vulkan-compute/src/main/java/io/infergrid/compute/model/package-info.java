@NullMarked
package io.infergrid.compute.model;

import org.jspecify.annotations.NullMarked;
