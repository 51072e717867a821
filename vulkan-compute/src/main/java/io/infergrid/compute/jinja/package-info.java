/**
 * The part of the Jinja template language that chat templates are written in, for templates from strangers:
 * {@link io.infergrid.compute.jinja.JinjaTemplate} first. Nothing of Java can be reached from a template, every render has a
 * budget, and each character of the result is known to be the template's or a user's. Depends on nothing.
 */
@NullMarked
package io.infergrid.compute.jinja;

import org.jspecify.annotations.NullMarked;
