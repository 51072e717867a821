package io.infergrid.app.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes as people write them: {@code 8GB} (powers of 1000), {@code 512MiB} (powers of 1024), or a plain number. */
final class ByteCount implements ITypeConverter<Long> {

    private static final Pattern FORM = Pattern.compile("(\\d{1,16}(?:\\.\\d{1,6})?) ?([kmgt]i?b|b)?");
    private static final Map<String, Long> UNITS = Map.of(
            "b", 1L,
            "kb", 1_000L,
            "mb", 1_000_000L,
            "gb", 1_000_000_000L,
            "tb", 1_000_000_000_000L,
            "kib", 1L << 10,
            "mib", 1L << 20,
            "gib", 1L << 30,
            "tib", 1L << 40);
    private static final BigDecimal MOST = BigDecimal.valueOf(1L << 50);

    @Override
    public Long convert(String text) {
        Matcher form = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (form.matches()) {
            String unit = form.group(2) == null ? "b" : form.group(2);
            BigDecimal bytes = new BigDecimal(form.group(1)).multiply(BigDecimal.valueOf(UNITS.getOrDefault(unit, 1L)));
            if (bytes.compareTo(MOST) <= 0) {
                return bytes.longValue();
            }
        }
        throw new TypeConversionException("expected bytes such as 8GB, 7.5GiB or 512MiB, found '" + text + "'");
    }
}
