/** Every job that is stored, with its windows. Read {@link io.infergrid.app.ui.jobs.JobsController} first. */
@NullMarked
package io.infergrid.app.ui.jobs;

import org.jspecify.annotations.NullMarked;
