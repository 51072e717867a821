/**
 * Models on this computer: {@link io.infergrid.app.models.ModelLibrary} keeps model packages where the grid finds them, {@link
 * io.infergrid.app.models.HttpsDownload} gets a file from the web, whatever happens on the way.
 */
@NullMarked
package io.infergrid.app.models;

import org.jspecify.annotations.NullMarked;
