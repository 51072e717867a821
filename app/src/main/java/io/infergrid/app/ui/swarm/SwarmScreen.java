package io.infergrid.app.ui.swarm;

import static io.infergrid.app.ui.control.Widgets.badge;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.empty;
import static io.infergrid.app.ui.control.Widgets.headOf;
import static io.infergrid.app.ui.control.Widgets.iconButton;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.screenHead;
import static io.infergrid.app.ui.control.Widgets.scrolling;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.titledCard;

import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.control.CoverageStrip;
import java.util.List;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the swarm screen. */
final class SwarmScreen {

    private static final double ORDERS_WIDTH = 64;

    private final SwarmModel model;
    private final Texts texts;
    private final SwarmController controller;
    private final ScrollPane root;

    SwarmScreen(SwarmModel model, Texts texts, SwarmController controller) {
        this.model = model;
        this.texts = texts;
        this.controller = controller;
        var transfers = transfersCard();
        VBox.setVgrow(transfers, Priority.ALWAYS);
        root = scrolling(column(16, head(), coverageCard(), peersCard(), transfers));
    }

    Parent root() {
        return root;
    }

    private HBox head() {
        var head = screenHead(texts.get("swarm.name"), "");
        ((Label) ((VBox) head.getChildren().getFirst()).getChildren().get(1))
                .textProperty()
                .bind(model.subtitle);
        var reach = paragraph("", "muted");
        reach.textProperty().bind(model.reach);
        reach.visibleProperty().bind(model.reach.isNotEmpty());
        reach.managedProperty().bind(reach.visibleProperty());
        ((VBox) head.getChildren().getFirst()).getChildren().add(reach);
        var own = column(2);
        own.setAlignment(Pos.CENTER_RIGHT);
        Runnable fill = () -> {
            own.getChildren().clear();
            if (!model.ownPeerId.get().isEmpty()) {
                own.getChildren().add(copyable(model.ownPeerId.get(), "swarm.copy-id"));
                model.addresses.get().stream()
                        .limit(2)
                        .forEach(address -> own.getChildren().add(copyable(address, "swarm.copy-address")));
            }
        };
        model.ownPeerId.subscribe(id -> fill.run());
        model.addresses.subscribe(addresses -> fill.run());
        head.getChildren().add(own);
        return head;
    }

    private HBox copyable(String words, String key) {
        var shown = label(words, "mono", "muted");
        shown.setMaxWidth(420);
        var line = row(2, shown, iconButton(texts.get(key), Feather.COPY, () -> controller.copy(words)));
        line.setAlignment(Pos.CENTER_RIGHT);
        line.setMaxHeight(22);
        return line;
    }

    private VBox coverageCard() {
        var strip = new CoverageStrip(true)
                .words(block -> texts.get(
                        "swarm.coverage.block",
                        block,
                        model.coverage.get().depths().get(block)));
        var sentence = paragraph("", "muted");
        var none = paragraph(texts.get("swarm.coverage.none"), "muted");
        var axis = row(0, label("", "caption"), space(), label("", "caption"));
        var card = titledCard(texts.get("swarm.coverage.title"), sentence, strip, axis, none);
        var name = label("", "mono", "caption");
        headOf(card).getChildren().add(name);
        model.coverage.subscribe(coverage -> {
            var known = !coverage.depths().isEmpty();
            List.of(strip, axis, sentence).forEach(node -> {
                node.setVisible(known);
                node.setManaged(known);
            });
            none.setVisible(!known);
            none.setManaged(!known);
            strip.show(coverage.depths().stream().mapToInt(Integer::intValue).toArray());
            strip.setAccessibleText(coverage.sentence());
            sentence.setText(coverage.sentence());
            name.setText(coverage.model());
            ((Label) axis.getChildren().getFirst()).setText(texts.get("blocks.one", 0));
            ((Label) axis.getChildren().getLast())
                    .setText(texts.get(
                            "blocks.one", Math.max(0, coverage.depths().size() - 1)));
        });
        return card;
    }

    private VBox peersCard() {
        var lines = column(0);
        var none = empty(Feather.SHARE_2, texts.get("swarm.peers.empty.title"), texts.get("swarm.peers.empty.text"));
        model.peers.subscribe(peers -> lines.getChildren()
                .setAll(
                        peers.isEmpty()
                                ? List.of(none)
                                : peers.stream().map(this::line).toList()));
        var card = titledCard(texts.get("swarm.peers.title"), lines);
        return card;
    }

    private Node line(SwarmModel.Peer peer) {
        var id = label(peer.shortId(), "mono", "value");
        id.setMinWidth(Region.USE_PREF_SIZE);
        var name = row(8, id);
        if (peer.self()) {
            name.getChildren().add(badge(texts.get("stage.own"), Tone.ACCENT));
        }
        name.setMinWidth(200);
        var role = label(peer.role(), "muted");
        role.setMinWidth(110);
        role.setPrefWidth(110);
        var device = label(peer.device(), "muted");
        device.setMinWidth(0);
        device.setPrefWidth(200);
        var strip = new CoverageStrip(false);
        var cells = new int[peer.held().size()];
        for (var i = 0; i < cells.length; i++) {
            cells[i] = peer.held().get(i) ? 1 : 0;
        }
        strip.show(cells);
        strip.setAccessibleText(texts.get("swarm.peer.holds", peer.heldWords()));
        HBox.setHgrow(strip, Priority.ALWAYS);
        var held = label(peer.heldWords(), "caption");
        held.setMinWidth(72);
        var trip = label(peer.roundTrip(), "value");
        trip.setMinWidth(64);
        trip.setAlignment(Pos.CENTER_RIGHT);
        var address = label(peer.address(), "mono", "caption");
        address.setPrefWidth(170);
        address.setMinWidth(0);
        var line = row(14, name, role, device, strip, held, address, trip);
        line.getStyleClass().add("list-line");
        return line;
    }

    private VBox transfersCard() {
        var lines = column(0);
        var none = paragraph(texts.get("swarm.transfers.empty"), "muted");
        model.transfers.subscribe(transfers -> lines.getChildren()
                .setAll(
                        transfers.isEmpty()
                                ? List.of(none)
                                : transfers.stream().map(this::line).toList()));
        return titledCard(texts.get("swarm.transfers.title"), lines);
    }

    private Node line(SwarmModel.Transfer transfer) {
        var name = label(transfer.shard(), "value");
        name.setMinWidth(120);
        var from = label(transfer.from(), "caption");
        from.setMinWidth(150);
        var bar = new ProgressBar(transfer.fraction());
        bar.getStyleClass().add("thin");
        bar.setMaxWidth(Double.MAX_VALUE);
        bar.setAccessibleText(texts.get("swarm.transfer.sentence", transfer.shard(), transfer.size()));
        HBox.setHgrow(bar, Priority.ALWAYS);
        var size = label(transfer.size(), "muted");
        size.setMinWidth(150);
        size.setAlignment(Pos.CENTER_RIGHT);
        var state = row(0, space(), badge(transfer.state(), transfer.done() ? Tone.SUCCESS : Tone.ACCENT));
        state.setMinWidth(90);
        var line = row(14, name, from, bar, size, state, orders(transfer));
        line.getStyleClass().add("list-line");
        return line;
    }

    /** As wide whatever may be said, so that the bars above each other are of one length. */
    private HBox orders(SwarmModel.Transfer transfer) {
        var buttons = row(2);
        buttons.setMinWidth(ORDERS_WIDTH);
        buttons.setAlignment(Pos.CENTER_RIGHT);
        for (var order : transfer.orders()) {
            var sign = switch (order) {
                case FETCH -> Feather.DOWNLOAD;
                case PAUSE -> Feather.PAUSE;
                case RESUME -> Feather.PLAY;
                case CANCEL -> Feather.X;
            };
            buttons.getChildren()
                    .add(iconButton(
                            texts.get("swarm.transfer.order." + order.word(), transfer.shard()),
                            sign,
                            () -> controller.order(transfer.modelRoot(), order)));
        }
        return buttons;
    }
}
