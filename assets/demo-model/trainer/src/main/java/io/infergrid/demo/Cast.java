package io.infergrid.demo;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Who and what a story is about: hero, friend, object, place, and the words that refer to them.
 *
 * @param hero the main character
 * @param friend the second character, of another kind and name
 * @param thing the object
 * @param place where they live
 */
record Cast(Character hero, Character friend, Thing thing, Place place) {
    /**
     * A character.
     *
     * @param kind what it is, e.g. "fox"
     * @param name what it is called
     * @param female whether it is "she"
     * @param adjective "little" or empty
     */
    record Character(String kind, String name, boolean female, String adjective) {
        String described() {
            return article(adjective.isEmpty() ? kind : adjective + " " + kind);
        }

        String introduced() {
            return described() + " named " + name;
        }
    }

    /**
     * An object.
     *
     * @param noun its name
     * @param adjective how it looks
     * @param flags what can happen to it
     * @param broke what it does when it breaks, after "the lantern"
     * @param works what it does when it is mended
     */
    record Thing(String noun, String adjective, Set<String> flags, String broke, String works) {
        String described() {
            return article(adjective + " " + noun);
        }
    }

    /**
     * A place.
     *
     * @param noun how a request names it
     * @param at where it is, after "lived"
     */
    record Place(String noun, String at) {
        String there() {
            return at.replaceFirst("\\b(a|an)\\b", "the");
        }
    }

    static final List<String> KINDS =
            List.of(("fox owl rabbit bear hedgehog mouse badger otter squirrel cat dog duck frog crow "
                            + "deer goat turtle sparrow hen mole wolf donkey sheep cow horse swan beaver bat seal penguin snail pig raven "
                            + "lion elephant monkey tiger parrot goose lizard dragon whale robot|boy|girl|baker|gardener|lighthouse keeper|"
                            + "fisher|teacher|clockmaker|carpenter|librarian|beekeeper|miller|painter|nurse|pilot|sailor|farmer|"
                            + "shepherd|tailor|doctor|king|queen|princess|prince|wizard|witch|captain|knight|cook|musician|child|"
                            + "grandmother|grandfather|student|mail carrier|shoemaker|giant|astronaut|computer|knitter|blacksmith|neighbour")
                    .replace(' ', '|')
                    .replace("lighthouse|keeper", "lighthouse keeper")
                    .replace("mail|carrier", "mail carrier")
                    .split("\\|"));
    private static final Set<String> ALWAYS_HER =
            Set.of("girl", "queen", "princess", "witch", "grandmother", "hen", "cow", "goose");
    private static final Set<String> ALWAYS_HIM = Set.of("boy", "king", "prince", "wizard", "grandfather", "knight");

    static final List<String> HER =
            List.of(("Mia Ada Lena Rosa Nora Ella Ida Clara Greta Hanna Lily Maya Nina Olga Paula Ruth "
                            + "Sara Tilda Vera Zoe Anna Emma Luna Wilma Freya Iris June Kira Lotte Pia Alice Bella Dora Edith Flora Molly")
                    .split(" "));
    static final List<String> HIM =
            List.of(("Tom Ben Otto Finn Leo Max Nilo Paul Sam Theo Hugo Karl Anton Bruno Emil Felix Gus "
                            + "Jonas Kurt Lars Milo Oskar Piet Rolf Simon Tim Ulli Viktor Willi Jack Henry Oliver Peter Arthur Fred Noah")
                    .split(" "));

    static final List<Place> PLACES = List.of(
            new Place("lighthouse", "in an old lighthouse by the sea"),
            new Place("mill", "in a mill by the river"),
            new Place("harbour", "in a small house at the harbour"),
            new Place("workshop", "above a busy workshop"),
            new Place("forest", "at the edge of a deep forest"),
            new Place("village", "in a quiet village"),
            new Place("hill", "on top of a green hill"),
            new Place("island", "on a tiny island"),
            new Place("orchard", "beside an apple orchard"),
            new Place("bridge", "beside an old stone bridge"),
            new Place("market", "near a busy market"),
            new Place("railway station", "near a little railway station"),
            new Place("library", "above a library full of books"),
            new Place("bakery", "behind a bakery"),
            new Place("farm", "on a small farm"),
            new Place("river", "on the bank of a wide river"),
            new Place("mountain", "high up on a mountain"),
            new Place("castle", "in an old castle"),
            new Place("garden", "in a house with a big garden"),
            new Place("lake", "by a silver lake"),
            new Place("town", "in a little town"),
            new Place("beach", "in a hut on the beach"),
            new Place("school", "next to a school"),
            new Place("city", "in a big city"),
            new Place("meadow", "in a sunny meadow"),
            new Place("tower", "in a tall tower"),
            new Place("valley", "in a green valley"),
            new Place("desert", "at the edge of a wide desert"));

    // noun / flags / broke / works
    private static final List<String[]> THINGS = List.of(
            thing("lantern", "mend light make", "would not light any more", "shone brightly"),
            thing("lamp", "mend light", "went out and stayed dark", "glowed"),
            thing("mirror", "mend light", "had a crack", "was whole"),
            thing("flashlight", "mend light", "flickered and went out", "shone brightly"),
            thing("kettle", "mend sound", "had a hole in the bottom", "whistled"),
            thing("clock", "mend make", "had stopped ticking", "ticked"),
            thing("watch", "mend", "had stopped", "ticked"),
            thing("kite", "mend make sound", "had a tear", "flew"),
            thing("drum", "mend make sound", "made no sound any more", "boomed"),
            thing("bell", "mend sound", "had lost its ring", "rang"),
            thing("flute", "mend make sound", "had a crack", "sang"),
            thing("whistle", "mend make sound", "made no sound any more", "whistled"),
            thing("music box", "mend make", "had fallen silent", "played its song"),
            thing("violin", "mend", "had lost a string", "sang"),
            thing("umbrella", "mend", "would not open any more", "opened"),
            thing("radio", "mend", "had gone silent", "played"),
            thing("telescope", "mend", "showed nothing but fog", "showed the stars"),
            thing("compass", "mend", "pointed the wrong way", "pointed north"),
            thing("bicycle", "mend", "had a flat tire", "rolled"),
            thing("basket", "mend make garden", "had lost its handle", "was strong"),
            thing("bucket", "mend make garden", "had a hole", "held water"),
            thing("wheelbarrow", "mend make garden", "had lost its wheel", "rolled"),
            thing("ladder", "mend make garden", "had a broken step", "stood firm"),
            thing("watering can", "mend garden", "leaked", "held water"),
            thing("shovel", "mend garden", "had a broken handle", "was strong"),
            thing("toy boat", "mend make", "would not float any more", "floated"),
            thing("toy train", "mend make", "had lost a wheel", "rolled"),
            thing("wooden box", "mend make", "would not close any more", "closed"),
            thing("camera", "mend", "would not click any more", "clicked"),
            thing("button", "", "", ""),
            thing("key", "", "", ""),
            thing("map", "", "", ""),
            thing("book", "", "", ""),
            thing("scarf", "make", "", ""),
            thing("hat", "make", "", ""),
            thing("blanket", "", "", ""),
            thing("letter", "", "", ""),
            thing("coin", "", "", ""),
            thing("shell", "", "", ""),
            thing("ring", "", "", ""),
            thing("feather", "", "", ""),
            thing("stone", "", "", ""),
            thing("teapot", "", "", ""),
            thing("spoon", "make", "", ""),
            thing("ball", "", "", ""),
            thing("doll", "make", "", ""),
            thing("pen", "", "", ""),
            thing("cup", "", "", ""),
            thing("rope", "", "", ""),
            thing("flag", "make", "", ""),
            thing("photograph", "", "", ""),
            thing("hammer", "", "", ""),
            thing("coat", "", "", ""),
            thing("bag", "", "", ""),
            thing("sword", "", "", ""),
            thing("crown", "make", "", ""),
            thing("pumpkin", "", "", ""),
            thing("candle", "light", "", ""),
            thing("flower pot", "", "", ""),
            thing("notebook", "", "", ""),
            thing("pillow", "", "", ""),
            thing("magnet", "", "", ""),
            thing("paintbrush", "make", "", ""),
            thing("fishing rod", "make", "", ""));
    private static final List<String> LOOKS = List.of(
            "old red small blue green little silver yellow heavy shiny wooden brown white tiny beautiful strange golden"
                    .split(" "));

    private static String[] thing(String noun, String flags, String broke, String works) {
        return new String[] {noun, flags, broke, works};
    }

    static List<String> thingNouns() {
        return THINGS.stream().map(t -> t[0]).toList();
    }

    /** A cast at random; hero and friend differ in kind and name. */
    static Cast draw(RandomGenerator random) {
        var hero = character(random, "");
        Character friend;
        do {
            friend = character(random, "");
        } while (friend.kind().equals(hero.kind()) || friend.name().equals(hero.name()));
        return new Cast(hero, friend, object(random), PLACES.get(random.nextInt(PLACES.size())));
    }

    /** Another story's cast about the same kind of hero and the same object. */
    Cast renamed(RandomGenerator random) {
        Cast other = draw(random);
        while (other.friend().kind().equals(hero.kind())) {
            other = draw(random);
        }
        Character again;
        do {
            again = character(random, hero.kind());
        } while (again.name().equals(hero.name())
                || again.name().equals(other.friend().name()));
        return new Cast(again, other.friend(), thing, other.place());
    }

    private static Character character(RandomGenerator random, String wanted) {
        var kind = wanted.isEmpty() ? KINDS.get(random.nextInt(KINDS.size())) : wanted;
        boolean female = ALWAYS_HER.contains(kind) || !ALWAYS_HIM.contains(kind) && random.nextBoolean();
        var names = female ? HER : HIM;
        var name = names.get(random.nextInt(names.size()));
        return new Character(kind, name, female, random.nextInt(4) == 0 ? "little" : "");
    }

    private static Thing object(RandomGenerator random) {
        var adjective = LOOKS.get(random.nextInt(LOOKS.size()));
        var chosen = THINGS.get(random.nextInt(THINGS.size()));
        return new Thing(
                chosen[0],
                adjective,
                Set.of(chosen[1].isEmpty() ? new String[0] : chosen[1].split(" ")),
                chosen[2],
                chosen[3]);
    }

    static String article(String noun) {
        return ("aeiou".indexOf(noun.charAt(0)) >= 0 ? "an " : "a ") + noun;
    }

    static String capital(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** The pair that decides whether a document is held out. */
    String combination() {
        return hero.kind() + "+" + thing.noun();
    }

    /** Values of the grammars' slots. */
    Map<String, String> slots() {
        var slots = new HashMap<String, String>();
        slots.put("hero", hero.introduced());
        slots.put("Hero", capital(hero.introduced()));
        slots.put("H", hero.name());
        slots.put("kind", hero.kind());
        slots.put("akind", hero.described());
        pronouns(slots, "", hero.female());
        slots.put("friend", friend.introduced());
        slots.put("Friend", capital(friend.introduced()));
        slots.put("F", friend.name());
        slots.put("afkind", friend.described());
        pronouns(slots, "f", friend.female());
        slots.put("FHe", friend.female() ? "She" : "He");
        slots.put("o", thing.noun());
        slots.put("ao", article(thing.noun()));
        slots.put("the_o", "the " + thing.noun());
        slots.put("adj", thing.adjective());
        slots.put("aadjo", thing.described());
        slots.put("hisadjo", (hero.female() ? "her " : "his ") + thing.adjective() + " " + thing.noun());
        slots.put("broke", thing.broke());
        slots.put("works", thing.works());
        slots.put("at", place.at());
        slots.put("At", capital(place.at()));
        slots.put("there", place.there());
        slots.put("place", place.noun());
        return slots;
    }

    private static void pronouns(Map<String, String> slots, String prefix, boolean female) {
        slots.put(prefix + "he", female ? "she" : "he");
        slots.put(prefix + "him", female ? "her" : "him");
        slots.put(prefix + "his", female ? "her" : "his");
        if (prefix.isEmpty()) {
            slots.put("He", female ? "She" : "He");
            slots.put("His", female ? "Her" : "His");
        }
    }
}
