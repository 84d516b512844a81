# Speedup against workers, with the ideal, 95 % interval bands and a marker at the usable CPUs.
#   gnuplot -c plots/speedup.gp results/HOST/LABEL.speedup.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/speedup.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("speedup.gp")]; data = ARG1; picture = ARG2
value = 4
load plots."workers.gp"

set title title.": speedup against workers"
set ylabel "speedup (serial time / pool time)"
ideal(x) = kind eq "io" || x < cpus ? x : cpus

top = top > ideal(sizes_max) ? top : ideal(sizes_max)
if (top > 8 || bottom < 0.2) {
    set logscale y (bottom < 0.1 ? 10 : 2)
    set yrange [(bottom < 1 ? bottom : 1) / 1.15:top * 1.15]
} else {
    set yrange [0:top * 1.08]
}

set output picture
plot ideal(x) with lines linecolor rgb 0x606060 linewidth 2 dashtype "." title "ideal", \
    for [i = last:first:-1] data index i using 3:5:6 with filledcurves linecolor rgb colour(i) notitle, \
    for [i = last:first:-1] data index i using 3:4:5:6 with yerrorbars linecolor rgb colour(i) linewidth 1.5 dashtype solid pointtype 0 notitle, \
    for [i = last:first:-1] data index i using 3:4 with linespoints linetype style(backend(i)) linecolor rgb colour(i) pointtype mark(i) linewidth width(i) title name(i)
