"""Cuts the fonts of the window out of the full families.

Usage: cut.py <folder with Inter-*.otf> <folder with JetBrainsMono-*.ttf> <target folder>
Needs fontTools. Keeps Latin, Greek, Cyrillic, punctuation, currency, arrows and mathematics, and maps the digits of
Inter to its tabular figures (its OpenType feature tnum), because JavaFX cannot switch a font feature on and numbers
that change while one looks at them must not shift.
"""
import sys
from fontTools import subset
from fontTools.ttLib import TTFont

inter, mono, target = sys.argv[1:4]
ranges = [(0x20, 0x17F), (0x18F, 0x192), (0x1E00, 0x1EFF), (0x218, 0x21B), (0x2BB, 0x2DD), (0x370, 0x3FF),
          (0x400, 0x45F), (0x490, 0x491), (0x2010, 0x205E), (0x2070, 0x209C), (0x20AC, 0x20BF), (0x2100, 0x2122),
          (0x2150, 0x215E), (0x2190, 0x21A9), (0x2200, 0x2265), (0x2318, 0x2318), (0x25A0, 0x25CF), (0x27E6, 0x27EF)]
points = [p for first, last in ranges for p in range(first, last + 1)]

for source, name, figures in [
        (inter + '/Inter-Regular.otf', 'Inter-Regular.otf', True),
        (inter + '/Inter-Medium.otf', 'Inter-Medium.otf', True),
        (inter + '/Inter-SemiBold.otf', 'Inter-SemiBold.otf', True),
        (mono + '/JetBrainsMono-Regular.ttf', 'JetBrainsMono-Regular.ttf', False)]:
    font = TTFont(source)
    if figures:
        table = font['GSUB'].table
        tabular = {}
        for record in table.FeatureList.FeatureRecord:
            if record.FeatureTag == 'tnum':
                for index in record.Feature.LookupListIndex:
                    for lookup in table.LookupList.Lookup[index].SubTable:
                        tabular.update(getattr(lookup, 'ExtSubTable', lookup).mapping)
        for cmap in font['cmap'].tables:
            if cmap.isUnicode():
                for digit in '0123456789':
                    cmap.cmap[ord(digit)] = tabular.get(cmap.cmap[ord(digit)], cmap.cmap[ord(digit)])
    options = subset.Options()
    options.layout_features = ['kern', 'mark', 'mkmk', 'ccmp', 'locl']
    options.name_IDs = ['*']
    options.hinting = False
    options.desubroutinize = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)
    font.save(target + '/' + name)
