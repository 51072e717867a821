package io.infergrid.libp2p.pubsub;

/**
 * How a topic is listened to.
 *
 * @param validator decides what is passed on
 * @param score what a peer's doings on the topic add to its score
 * @param refuseReplays whether authors count upwards, as {@link Gossipsub#publish} does, so that an old message that is sent again is known
 *     for one however old it is; js-libp2p draws its numbers by chance, so this is off unless all authors are known to count
 */
public record TopicOptions(Validator validator, TopicScore score, boolean refuseReplays) {

    public static final TopicOptions DEFAULT = new TopicOptions(Validator.ALL, TopicScore.DEFAULT, false);

    public TopicOptions withValidator(Validator other) {
        return new TopicOptions(other, score, refuseReplays);
    }

    public TopicOptions withScore(TopicScore other) {
        return new TopicOptions(validator, other, refuseReplays);
    }

    public TopicOptions refusingReplays() {
        return new TopicOptions(validator, score, true);
    }
}
