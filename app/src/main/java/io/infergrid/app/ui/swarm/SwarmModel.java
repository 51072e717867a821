package io.infergrid.app.ui.swarm;

import io.infergrid.app.core.DownloadOrder;
import java.util.List;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** What the swarm screen shows. */
final class SwarmModel {

    final StringProperty subtitle = new SimpleStringProperty("");
    /** How others reach this rig, in words; empty before it is in a swarm. */
    final StringProperty reach = new SimpleStringProperty("");

    final StringProperty ownPeerId = new SimpleStringProperty("");
    final ObjectProperty<List<String>> addresses = new SimpleObjectProperty<>(List.of());
    final ObjectProperty<Coverage> coverage = new SimpleObjectProperty<>(new Coverage("", List.of(), ""));
    final ObjectProperty<List<Peer>> peers = new SimpleObjectProperty<>(List.of());
    final ObjectProperty<List<Transfer>> transfers = new SimpleObjectProperty<>(List.of());

    /**
     * @param depths for each block how many peers hold it
     * @param sentence what it means
     */
    record Coverage(String model, List<Integer> depths, String sentence) {}

    /** @param held for each block whether the peer holds it */
    record Peer(
            String id,
            String shortId,
            String role,
            String device,
            String address,
            String roundTrip,
            String heldWords,
            List<Boolean> held,
            boolean self) {}

    /**
     * @param from where it comes from, in words
     * @param fraction done, 0 to 1
     * @param modelRoot of a whole model, empty for a shard
     * @param orders what may be said of it now
     */
    record Transfer(
            String shard,
            String from,
            String size,
            double fraction,
            boolean done,
            String state,
            String modelRoot,
            List<DownloadOrder> orders) {}
}
