package io.infergrid.compute.conformance;

import io.infergrid.compute.engine.Backend;
import java.util.Optional;

/**
 * The backend that was opened, and why.
 *
 * @param backend belongs to whoever asked for it
 * @param reason one sentence for a person, e.g. why it is not the graphics card
 * @param conformance of the backend's device, if it was checked
 */
public record BackendChoice(Backend backend, String reason, Optional<ConformanceReport> conformance) {}
