package io.infergrid.libp2p.portmap;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.portmap.Gateway.Transport;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/** What is said to a UPnP Internet Gateway Device: the search, its description, and the calls of its connection service. */
final class UpnpMessages {

    static final int MAX_DATAGRAM = 4096;
    static final int MAX_DOCUMENT = 128 << 10;
    static final List<String> DEVICES = List.of(
            "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
            "urn:schemas-upnp-org:device:InternetGatewayDevice:2");

    private static final List<String> SERVICES = List.of(
            "urn:schemas-upnp-org:service:WANIPConnection:2",
            "urn:schemas-upnp-org:service:WANIPConnection:1",
            "urn:schemas-upnp-org:service:WANPPPConnection:1");

    private UpnpMessages() {}

    static byte[] search(String device) {
        return ("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " + device
                        + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Where the description lies; it must be at the address that answered. */
    static URI location(byte[] datagram, InetAddress from) throws DecodeException {
        var lines = new String(datagram, StandardCharsets.ISO_8859_1).split("\r?\n", -1);
        if (!lines[0].startsWith("HTTP/1.1 200")) {
            throw new DecodeException("SSDP: expected HTTP/1.1 200, found '" + shown(lines[0]) + "'");
        }
        var headers = new TreeMap<String, String>();
        for (var line : lines) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).trim().toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).trim());
            }
        }
        return at(uri(headers.getOrDefault("location", "")), from);
    }

    private static URI uri(String text) throws DecodeException {
        try {
            return URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new DecodeException("UPnP: expected a URL, found '" + shown(text) + "'");
        }
    }

    /** Only plain HTTP at the router's own address, so that no answer makes us call another host. */
    private static URI at(URI uri, InetAddress router) throws DecodeException {
        var host = uri.getHost();
        boolean literal = host != null && host.matches("[0-9.]+|\\[[0-9a-fA-F:.]+]");
        if (!"http".equals(uri.getScheme())
                || !literal
                || !InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", "")).equals(router)) {
            throw new DecodeException(
                    "UPnP: expected a URL at " + router.getHostAddress() + ", found '" + shown(uri.toString()) + "'");
        }
        return uri;
    }

    /** A connection service and where it is called. */
    record Service(String type, URI control) {}

    /** Finds the connection service in a device's description. */
    static Service service(byte[] description, URI location) throws DecodeException {
        var document = parse(description);
        var router = InetAddress.ofLiteral(location.getHost().replaceAll("[\\[\\]]", ""));
        for (var wanted : SERVICES) {
            var nodes = document.getElementsByTagNameNS("*", "service");
            for (int i = 0; i < nodes.getLength(); i++) {
                var service = (Element) nodes.item(i);
                if (text(service, "serviceType").filter(wanted::equals).isPresent()) {
                    var path = text(service, "controlURL")
                            .orElseThrow(() ->
                                    new DecodeException("UPnP: expected a controlURL for " + wanted + ", found none"));
                    return new Service(wanted, at(location.resolve(uri(path)), router));
                }
            }
        }
        throw new DecodeException("UPnP: expected a WANIPConnection or WANPPPConnection, found neither");
    }

    static byte[] externalAddress(Service service) {
        return call(service, "GetExternalIPAddress", "");
    }

    static InetAddress externalAddress(byte[] answer) throws DecodeException {
        var text =
                text(parse(answer).getDocumentElement(), "NewExternalIPAddress").orElse("");
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new DecodeException("UPnP: expected the external address, found '" + shown(text) + "'");
        }
    }

    static byte[] add(Service service, Transport transport, int external, InetAddress own, int port, long seconds) {
        return call(
                service,
                "AddPortMapping",
                "<NewRemoteHost></NewRemoteHost><NewExternalPort>" + external + "</NewExternalPort><NewProtocol>"
                        + transport + "</NewProtocol><NewInternalPort>" + port
                        + "</NewInternalPort><NewInternalClient>" + own.getHostAddress()
                        + "</NewInternalClient><NewEnabled>1</NewEnabled>"
                        + "<NewPortMappingDescription>InferGrid</NewPortMappingDescription><NewLeaseDuration>"
                        + seconds + "</NewLeaseDuration>");
    }

    static byte[] delete(Service service, Transport transport, int external) {
        return call(
                service,
                "DeletePortMapping",
                "<NewRemoteHost></NewRemoteHost><NewExternalPort>" + external + "</NewExternalPort><NewProtocol>"
                        + transport + "</NewProtocol>");
    }

    private static byte[] call(Service service, String action, String arguments) {
        return ("<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
                        + " s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:" + action
                        + " xmlns:u=\"" + service.type() + "\">" + arguments + "</u:" + action
                        + "></s:Body></s:Envelope>")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** A fault's code and words. */
    record Fault(int code, String words) {}

    static Fault fault(byte[] answer) throws DecodeException {
        var root = parse(answer).getDocumentElement();
        var code = text(root, "errorCode").orElse("0");
        return new Fault(
                code.matches("\\d{1,6}") ? Integer.parseInt(code) : 0,
                shown(text(root, "errorDescription").orElse("no reason given")));
    }

    private static Optional<String> text(Element in, String name) {
        var found = in.getElementsByTagNameNS("*", name);
        return found.getLength() == 0
                ? Optional.empty()
                : Optional.of(found.item(0).getTextContent().trim());
    }

    /** No document type, so no entities and nothing fetched; the size was bounded before. */
    private static Document parse(byte[] bytes) throws DecodeException {
        if (bytes.length > MAX_DOCUMENT) {
            throw new DecodeException("UPnP: expected at most " + MAX_DOCUMENT + " bytes, found " + bytes.length);
        }
        try {
            var factory = DocumentBuilderFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setXIncludeAware(false);
            factory.setExpandEntityReferences(false);
            factory.setNamespaceAware(true);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(new DefaultHandler()); // throws, where the default also prints
            return builder.parse(new InputSource(new StringReader(new String(bytes, StandardCharsets.UTF_8))));
        } catch (SAXException e) {
            throw new DecodeException("UPnP: expected XML without a document type, found " + shown(e.getMessage()));
        } catch (ParserConfigurationException | IOException e) {
            throw new IllegalStateException("the platform's XML parser reads from memory", e);
        }
    }

    private static String shown(@Nullable String text) {
        var cut = text == null ? "" : text.length() > 96 ? text.substring(0, 96) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
