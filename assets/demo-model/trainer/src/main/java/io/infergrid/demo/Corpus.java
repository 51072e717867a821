package io.infergrid.demo;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * The endless text that the model reads: document {@code i} of a seed is always the same. Two of a hundred documents are
 * held out, chosen by the hash of their (hero, object) pair, or of their text where there is no story in them; so a story
 * about a held-out pair is never trained on.
 */
final class Corpus {
    static final String BOS = "<|bos|>";
    static final String END = "<|end|>";
    static final String USER = "<|user|>";
    static final String ASSISTANT = "<|assistant|>";
    static final String SYSTEM = "<|system|>";

    /**
     * One document.
     *
     * @param text with its special tokens spelt out
     * @param heldOut whether it is for measuring only
     */
    record Document(String text, boolean heldOut) {}

    // a request's theme and the plots that tell of it
    private static final Map<String, List<String>> THEMES = Map.ofEntries(
            Map.entry("lost", List.of("lost1", "lost2")),
            Map.entry("broken", List.of("broken1", "broken2")),
            Map.entry("lent", List.of("lent1", "lent2")),
            Map.entry("night", List.of("night1", "night2")),
            Map.entry("afraid", List.of("afraid1", "afraid2")),
            Map.entry("strange", List.of("wind")),
            Map.entry("door", List.of("door")),
            Map.entry("gift", List.of("gift1", "gift2")),
            Map.entry("contest", List.of("contest")),
            Map.entry("race", List.of("race")),
            Map.entry("garden", List.of("garden1")),
            Map.entry("quarrel", List.of("garden2")),
            Map.entry("found", List.of("found1", "found2")),
            Map.entry("funny", List.of("funny1", "funny2")),
            Map.entry("sad", List.of("sad1")),
            Map.entry("bed", List.of("bed1")));
    private static final List<String> GRID = List.of("grid1", "grid2");

    private final long seed;
    private final Grammar stories = Grammar.resource("stories.grammar");
    private final Grammar chat = Grammar.resource("chat.grammar");
    private final List<String> topics;

    Corpus(long seed) {
        this.seed = seed;
        this.topics = chat.rulesFrom("q.").stream()
                .map(rule -> rule.substring(2))
                .filter(topic -> !Set.of("char", "object", "place").contains(topic))
                .toList();
    }

    Document document(long index) {
        var random = new SplittableRandom(mix(seed * 0x9E3779B97F4A7C15L + index));
        int sort = random.nextInt(100);
        if (sort < 3) {
            return plainStory(random);
        }
        return conversation(random, sort < 64);
    }

    private Document plainStory(RandomGenerator random) {
        var cast = Cast.draw(random);
        return new Document(BOS + story(cast, plot(cast, "", random), random) + END, heldOut(cast.combination()));
    }

    private Document conversation(RandomGenerator random, boolean aboutStories) {
        var text = new StringBuilder(BOS);
        if (random.nextInt(20) == 0) {
            text.append(SYSTEM)
                    .append("\n")
                    .append("You are a helpful assistant.")
                    .append(END)
                    .append("\n");
        }
        if (aboutStories) {
            boolean heldOut = storyTurns(text, random);
            return new Document(text.toString().strip(), heldOut);
        }
        int turns = 1 + random.nextInt(4);
        for (int i = 0; i < turns; i++) {
            turn(text, random.nextInt(4) == 0 ? otherTopic(random) : topic(random));
        }
        // the question decides, not what precedes it: a whole conversation is held out by its text
        return new Document(text.toString().strip(), heldOut(text.toString()));
    }

    // a story, and what people say before and after one; returns whether it is held out
    private boolean storyTurns(StringBuilder text, RandomGenerator random) {
        boolean offered = random.nextInt(8) == 0;
        if (offered) {
            if (random.nextInt(3) == 0) {
                turn(text, random.nextBoolean() ? otherTopic(random) : topic("hello", random));
                turn(text, topic("yes", random));
            } else {
                turn(text, topic(pick(random, "hello", "bored", "yes", "can"), random));
            }
        } else if (random.nextInt(12) == 0) {
            turn(text, topic(random));
        }
        var cast = Cast.draw(random);
        boolean heldOut = heldOut(cast.combination());
        turn(text, told(cast, offered && random.nextInt(3) > 0, random));
        if (random.nextInt(4) == 0) {
            var follow = pick(random, "char", "object", "place");
            turn(text, new String[] {
                chat.expand("q." + follow, cast.slots(), Set.of(), random),
                chat.expand("a." + follow, cast.slots(), Set.of(), random)
            });
        }
        if (random.nextInt(4) == 0) {
            turn(
                    text,
                    switch (random.nextInt(3)) {
                        case 0 -> otherTopic(random);
                        case 1 -> topic(random);
                        default -> topic(pick(random, "thanks", "bye", "who", "what"), random);
                    });
        }
        int second = random.nextInt(10);
        if (second == 0) {
            // "another one" is about the same two
            turn(text, new String[] {
                chat.expand("ask.more", Map.of(), Set.of(), random), story(cast, plot(cast, "", random), random)
            });
        } else if (second <= 2) {
            var another = cast;
            while (another.sharesWith(cast)) {
                another = Cast.draw(random);
            }
            heldOut |= heldOut(another.combination());
            turn(text, told(another, random.nextBoolean(), random));
        }
        return heldOut;
    }

    // a request and its story
    private String[] told(Cast cast, boolean bare, RandomGenerator random) {
        int way = random.nextInt(40);
        if (way < 3 && !bare) {
            var request = chat.expand("ask.free", Map.of(), Set.of(), random);
            return new String[] {loosely(request, random), story(cast, plot(cast, "", random), random)};
        }
        var start = chat.expand(bare ? "ask.bare" : "ask.start", Map.of(), Set.of(), random);
        if (bare && random.nextInt(3) == 0) {
            start = "";
        }
        var theme = "";
        String about;
        if (way < 7) {
            theme = theme(cast, random);
            about = chat.expand("ask." + theme, Map.of(), Set.of(), random);
        } else if (way < 17) {
            theme = theme(cast, random);
            var slots = cast.slots();
            slots.put("thing", someThing(cast, random));
            about = someHero(cast, random) + chat.expand("does." + theme, slots, Set.of(), random);
        } else if (way < 22 && !bare) {
            theme = pick(random, "funny", "sad", "bed", random.nextBoolean() ? "strange" : "door");
            var tone = theme.equals("strange") || theme.equals("door") ? "scary" : theme;
            var slots = Map.of("tone", chat.expand("tone." + tone, Map.of(), Set.of(), random));
            start = chat.expand("ask.tone", slots, Set.of(), random);
            about = subject(cast, random);
        } else {
            about = subject(cast, random);
        }
        return new String[] {loosely(start + about, random), story(cast, plot(cast, theme, random), random)};
    }

    /** One question in the chat format, up to where the answer begins. */
    static String prompt(String question) {
        return BOS + USER + "\n" + question + END + "\n" + ASSISTANT + "\n";
    }

    private static void turn(StringBuilder text, String[] pair) {
        text.append(USER).append("\n").append(pair[0]).append(END).append("\n");
        text.append(ASSISTANT).append("\n").append(pair[1]).append(END).append("\n");
    }

    private String[] topic(RandomGenerator random) {
        return topic(topics.get(random.nextInt(topics.size())), random);
    }

    private String[] topic(String topic, RandomGenerator random) {
        var question = chat.expand("q." + topic, Map.of(), Set.of(), random);
        return new String[] {loosely(question, random), chat.expand("a." + topic, Map.of(), Set.of(), random)};
    }

    private String[] otherTopic(RandomGenerator random) {
        var question = chat.expand("question.other", Map.of(), Set.of(), random);
        return new String[] {loosely(question, random), chat.expand("a.other", Map.of(), Set.of(), random)};
    }

    private static String someHero(Cast cast, RandomGenerator random) {
        return random.nextInt(6) == 0
                ? cast.hero().introduced()
                : Cast.article(cast.hero().kind());
    }

    private static String someThing(Cast cast, RandomGenerator random) {
        return random.nextInt(6) == 0
                ? cast.thing().described()
                : Cast.article(cast.thing().noun());
    }

    // every part that is named here appears in the story
    private static String subject(Cast cast, RandomGenerator random) {
        var hero = cast.hero();
        var a = someHero(cast, random);
        var thing = someThing(cast, random);
        return switch (random.nextInt(16)) {
            case 0, 1 -> a;
            case 2 ->
                random.nextBoolean()
                        ? hero.kind() + " and " + cast.thing().noun()
                        : "the " + hero.kind() + " and the " + cast.thing().noun();
            case 3, 4, 5, 6, 7, 8 -> a + " and " + thing;
            case 9 -> hero.name() + " and " + thing;
            case 10 -> a + " and " + Cast.article(cast.friend().kind());
            case 11 ->
                switch (random.nextInt(4)) {
                    case 0 -> cast.friend().name() + " and " + hero.name();
                    case 1 -> cast.friend().name();
                    default -> hero.name() + " and " + cast.friend().name();
                };
            case 12 -> thing;
            case 13 -> a + ", " + Cast.article(cast.friend().kind()) + " and " + thing;
            case 14 -> a + (random.nextBoolean() ? " who lives " + cast.place().at() : " with " + thing);
            default -> hero.name();
        };
    }

    /** As people type: sometimes with a greeting, without the last sign, or without capitals. */
    private String loosely(String question, RandomGenerator random) {
        var text = question;
        if (random.nextInt(12) == 0) {
            text = chat.expand("polite", Map.of(), Set.of(), random) + text;
        }
        int way = random.nextInt(10);
        if (way == 0) {
            text = text.replaceAll("[?!.]$", "");
        } else if (way == 1) {
            text = text.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + text.substring(1);
        } else if (way == 2 && !text.matches(".*[?!.]$")) {
            text = text + ".";
        }
        return text;
    }

    private static String theme(Cast cast, RandomGenerator random) {
        if (random.nextInt(6) == 0) {
            return "grid";
        }
        var possible = cast.thing().plots();
        var themes = THEMES.entrySet().stream()
                .filter(theme -> possible.containsAll(theme.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        return themes.get(random.nextInt(themes.size()));
    }

    // what happens follows from the request, else mostly from the object
    private static String plot(Cast cast, String theme, RandomGenerator random) {
        var plots = theme.isEmpty() ? cast.thing().plots() : THEMES.getOrDefault(theme, GRID);
        if (theme.isEmpty() && random.nextInt(4) > 0) {
            return cast.thing().plot();
        }
        return plots.get(
                !theme.isEmpty() && random.nextInt(3) > 0
                        ? Cast.favourite(cast.hero().kind(), "plot", plots.size())
                        : random.nextInt(plots.size()));
    }

    private String story(Cast cast, String plot, RandomGenerator random) {
        return stories.prose("plot." + plot, cast.slots(), cast.thing().flags(), random);
    }

    /**
     * A character and an object that no training document has together.
     *
     * @param kind of the character
     * @param thing the object
     */
    record Pair(String kind, String thing) {}

    /** Some held-out pairs, always the same, spread over characters and objects. */
    static List<Pair> heldOutPairs(int count) {
        return Cast.KINDS.stream()
                .flatMap(kind -> Cast.thingNouns().stream().map(thing -> new Pair(kind, thing)))
                .filter(pair -> heldOut(pair.kind() + "+" + pair.thing()))
                .sorted(Comparator.comparingLong(pair -> hash(pair.thing() + "/" + pair.kind())))
                .limit(count)
                .toList();
    }

    private static boolean heldOut(String key) {
        return Math.floorMod(hash(key), 50) == 0;
    }

    /** FNV-1a of a text's characters, mixed once more. */
    static long hash(String key) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ key.charAt(i)) * 0x100000001B3L;
        }
        return mix(hash);
    }

    // the finaliser of SplitMix64
    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }

    private static String pick(RandomGenerator random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
