package io.infergrid.app.ui.settings;

import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.titledCard;

import io.infergrid.app.core.Settings;
import io.infergrid.app.core.Sharing;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.control.NumberField;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;

/** How the rig takes part in a swarm beyond this computer: the card of the settings. */
final class SharingOptions {

    private final Texts texts;
    private final ObservableValue<Settings> settings;
    private final Consumer<UnaryOperator<Settings>> change;

    SharingOptions(Texts texts, ObservableValue<Settings> settings, Consumer<UnaryOperator<Settings>> change) {
        this.texts = texts;
        this.settings = settings;
        this.change = change;
    }

    VBox card() {
        var inTheOpen = List.of(
                box("mdns", Sharing::mdns, (draft, on) -> draft.mdns = on),
                box("dht", Sharing::dht, (draft, on) -> draft.dht = on),
                box("relays", Sharing::relays, (draft, on) -> draft.relays = on),
                box("port-mapping", Sharing::portMapping, (draft, on) -> draft.portMapping = on),
                box("quic", Sharing::quic, (draft, on) -> draft.quic = on),
                number("port", 65_535, Sharing::port, (draft, value) -> draft.port = value));
        inTheOpen.forEach(node ->
                node.disableProperty().bind(settings.map(now -> !now.sharing().open())));
        var ways = column(8);
        ways.getChildren().addAll(inTheOpen);
        return titledCard(
                texts.get("settings.sharing"),
                column(
                        2,
                        box("open", Sharing::open, (draft, on) -> draft.open = on),
                        paragraph(texts.get("settings.sharing.open.hint"), "caption")),
                ways,
                number("up", Sharing.MOST_MIB_PER_SECOND, Sharing::upMiBps, (draft, value) -> draft.upMiBps = value),
                number(
                        "down",
                        Sharing.MOST_MIB_PER_SECOND,
                        Sharing::downMiBps,
                        (draft, value) -> draft.downMiBps = value),
                number("disk", Sharing.MOST_GIB, Sharing::diskGiB, (draft, value) -> draft.diskGiB = value),
                number("seed", Sharing.MOST_GIB, Sharing::seedGiB, (draft, value) -> draft.seedGiB = value));
    }

    private CheckBox box(String name, Function<Sharing, Boolean> now, BiConsumer<Sharing.Draft, Boolean> set) {
        var words = texts.get("settings.sharing." + name);
        var box = new CheckBox(words);
        box.setAccessibleText(words);
        settings.map(all -> now.apply(all.sharing())).subscribe(on -> box.setSelected(Boolean.TRUE.equals(on)));
        box.setOnAction(event -> change(draft -> set.accept(draft, box.isSelected())));
        return box;
    }

    private Node number(String name, int most, Function<Sharing, Integer> now, BiConsumer<Sharing.Draft, Integer> set) {
        var key = "settings.sharing." + name;
        var words = column(1, label(texts.get(key)), paragraph(texts.get(key + ".hint"), "caption"));
        HBox.setHgrow(words, Priority.ALWAYS);
        return row(
                12,
                words,
                new NumberField(
                        settings.map(all -> now.apply(all.sharing())),
                        most,
                        texts.get(key),
                        value -> change(draft -> set.accept(draft, value))));
    }

    private void change(Consumer<Sharing.Draft> set) {
        change.accept(all -> all.withSharing(sharing -> sharing.but(set)));
    }
}
