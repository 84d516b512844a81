# What all pictures share: the terminal, colours, markers and dashes. Loaded by every other .gp of this folder, which is
# run as `gnuplot -c plots/NAME.gp DATAFILE OUTPUT.svg` (or .png): it sets `data` and `picture` from its arguments and
# `plots` to this folder, and the legend's `entries` and `longest` name and the pixels `above` it, before it loads this.
#
# A backend has one colour, marker and dash in every picture, by its place in `backends`. Colours are Okabe and Ito's
# (2008), which colour-blind readers can tell apart; markers and dashes tell the same on paper without colour.

# The legend stands at the bottom; the picture is as high as it takes.
legend_columns = longest > 18 ? 2 : longest > 11 ? 3 : 4
legend = 12 + 26 * int(ceil(real(entries) / legend_columns))
height = above + legend

set encoding utf8
set minussign
set micro
ending = strlen(picture) > 4 ? picture[strlen(picture) - 3:*] : ""
if (ending eq ".svg") {
    set terminal svg size 800,height fixed background rgb "white" font "DejaVu Sans,Verdana,Arial,sans-serif,14"
    marker = 0.65 # this terminal's are larger
} else { if (ending eq ".png") {
    set terminal pngcairo size 800,height background rgb "white" font "DejaVu Sans,11"
    marker = 1
} else {
    exit error picture.": a picture's name ends with .svg or .png"
} }

backends = "serial threads processes queue spawn hybrid thread-per-task process-per-task gil events openmp glib libuv onetbb mpi sim"

# backend's place in the list; behind it for one that the list does not know
style(backend) = (place = sum [i = 1:words(backends)] (word(backends, i) eq backend ? i : 0), place ? place : words(backends) + 1)

black = 0x000000; orange = 0xE69F00; sky = 0x56B4E9; green = 0x009E73
yellow = 0xF0E442; blue = 0x0072B2; vermilion = 0xD55E00; purple = 0xCC79A7
grey = 0x808080

array colours[17] = [black, blue, vermilion, green, purple, orange, sky, yellow, \
    black, blue, vermilion, green, purple, orange, sky, yellow, grey]
array markers[17] = [1, 7, 4, 8, 12, 10, 14, 5, 6, 9, 13, 11, 15, 4, 8, 12, 2]
array dashes[17] = ["_", "", "-", "-.", "_ .", ".", "_..", "", "_", ".", "-.", "", "_.", "_", "-", "-..", "."]
# The first backend's full marker and solid line lie under the open ones and dashes of the others: all stay visible
# where curves coincide, as scripts draw the last series first.
do for [i = 1:17] {
    set linetype i linecolor rgb colours[i] linewidth 2 pointtype markers[i] pointsize marker * (i == 2 ? 1 : 1.5) dashtype dashes[i]
}

set border 3 linewidth 1 linecolor rgb grey
set tics nomirror out textcolor rgb 0x303030
set mytics default
set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb 0xD8D8D8 dashtype solid
set key maxcols legend_columns at screen 0.5, screen 0.005 bottom center horizontal noenhanced Left reverse samplen 4 width 2 spacing 1.2
set xlabel offset 0,0.5
set title noenhanced offset 0,0.8
set datafile missing "NaN"
set style fill transparent solid 0.18 noborder
set samples 1000
set rmargin 4
