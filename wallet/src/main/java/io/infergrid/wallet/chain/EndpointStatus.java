package io.infergrid.wallet.chain;

import java.net.URI;
import java.util.Optional;

/**
 * What is known of an endpoint now.
 *
 * @param head newest block that it told, -1 before the first answer
 * @param refusal why its answers are not used; empty if they are
 * @param failures answers that never came, since the start
 * @param lies answers that were found wrong, since the start
 */
public record EndpointStatus(URI endpoint, long head, Optional<String> refusal, long failures, long lies) {}
