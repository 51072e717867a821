package io.infergrid.app.ui.control;

import io.infergrid.app.ui.Tone;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;

/** The small parts of every screen, each made in one way only. */
public final class Widgets {

    private Widgets() {}

    public static Label label(String text, String... styleClasses) {
        var label = new Label(text);
        label.getStyleClass().addAll(styleClasses);
        return label;
    }

    /** A label that breaks its text over lines rather than cutting it. */
    public static Label paragraph(String text, String... styleClasses) {
        var label = label(text, styleClasses);
        label.setWrapText(true);
        label.setMinHeight(Region.USE_PREF_SIZE);
        return label;
    }

    public static FontIcon icon(Ikon ikon, String... styleClasses) {
        var icon = new FontIcon(ikon);
        icon.getStyleClass().addAll(styleClasses);
        return icon;
    }

    public static Button button(String text, Ikon ikon, Runnable action, String... styleClasses) {
        var button = new Button(text, icon(ikon));
        button.getStyleClass().addAll(styleClasses);
        button.setAccessibleText(text);
        button.setMinWidth(Region.USE_PREF_SIZE);
        button.setOnAction(event -> action.run());
        return button;
    }

    /** A button without a written name: the name is its tooltip and what a screen reader says. */
    public static Button iconButton(String name, Ikon ikon, Runnable action) {
        var button = new Button(null, icon(ikon));
        button.getStyleClass().add("tool-button");
        button.setAccessibleText(name);
        button.setTooltip(new Tooltip(name));
        button.setOnAction(event -> action.run());
        return button;
    }

    public static Region space() {
        var space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        return space;
    }

    public static HBox row(double gap, Node... children) {
        var row = new HBox(gap, children);
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    public static VBox column(double gap, Node... children) {
        return new VBox(gap, children);
    }

    public static VBox card(Node... children) {
        var card = new VBox(children);
        card.getStyleClass().add("card");
        return card;
    }

    /** A card with a heading; put what belongs to the heading into {@link #headOf}. */
    public static VBox titledCard(String title, Node... children) {
        var head = row(8, label(title, "heading"), space());
        head.getStyleClass().add("card-head");
        var card = card(head);
        card.getChildren().addAll(children);
        return card;
    }

    /** The head line of a titled card; what is added goes to its right end. */
    public static HBox headOf(VBox titledCard) {
        return (HBox) titledCard.getChildren().getFirst();
    }

    /** A rounded word whose colour says what it means. */
    public static Label badge(String text, Tone tone) {
        var badge = label(text, "badge");
        badge.setMinWidth(Region.USE_PREF_SIZE);
        tone(badge, tone);
        return badge;
    }

    /** Gives {@code node} the colours of {@code tone} in place of those it had. */
    public static void tone(Node node, Tone tone) {
        for (var other : Tone.values()) {
            node.getStyleClass().remove(other.styleClass());
        }
        node.getStyleClass().add(tone.styleClass());
    }

    /** Head of a screen: title, a line under it, and the screen's actions at the right. */
    public static HBox screenHead(String title, String subtitle, Node... actions) {
        var words = column(2, label(title, "title"), label(subtitle, "subtitle"));
        words.setMinWidth(0);
        HBox.setHgrow(words, Priority.ALWAYS);
        var head = row(8, words);
        head.getStyleClass().add("screen-head");
        head.getChildren().addAll(actions);
        return head;
    }

    /** A screen that scrolls when the window is too low for it. */
    public static ScrollPane scrolling(Region content) {
        content.getStyleClass().add("screen");
        var pane = new ScrollPane(content);
        pane.setFitToWidth(true);
        pane.setFitToHeight(true);
        pane.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        pane.getStyleClass().add("screen-scroll");
        pane.setFocusTraversable(false);
        return pane;
    }

    /** What a part shows while it has nothing: why, and what to do about it. */
    public static VBox empty(Ikon ikon, String title, String text, Node... actions) {
        var words = paragraph(text, "muted", "centred");
        words.setMaxWidth(420);
        var medallion = new HBox(icon(ikon));
        medallion.setAlignment(Pos.CENTER);
        medallion.getStyleClass().add("medallion");
        medallion.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        var box = column(10, medallion, label(title, "heading"), words);
        box.setAlignment(Pos.CENTER);
        box.getStyleClass().add("empty");
        if (actions.length > 0) {
            var row = row(8, actions);
            row.setAlignment(Pos.CENTER);
            box.getChildren().add(row);
        }
        return box;
    }

    /** Shows {@code node} only while {@code condition} holds, and gives its room away otherwise. */
    public static <N extends Node> N shownWhen(N node, ObservableValue<Boolean> condition) {
        node.visibleProperty().bind(condition);
        node.managedProperty().bind(node.visibleProperty());
        return node;
    }
}
