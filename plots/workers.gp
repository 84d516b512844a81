# What the pictures against workers share: reads what a *.speedup.dat is about (index 0: title, kind, usable CPUs; index
# 1: serial; then one index a backend) and sets the x axis. Not run by itself: speedup.gp and the others set
# `value`, the column of what they draw (its interval stands in the next two), and load it.
stats data using (column(-2)) name "blocks" nooutput
first = 2
last = int(blocks_max)
title = ""; kind = ""; cpus = NaN
stats data index 0 using (title = strcol(1), kind = strcol(2), cpus = column(3), 1) nooutput

array backend_of[last]
array chunk_of[last]
array threads_of[last]
do for [i = 1:last] {
    stats data index i using (backend_of[i] = strcol(1), chunk_of[i] = column(2), threads_of[i] = column(16), 1) nooutput
}
backend(i) = backend_of[i]
name(i) = backend(i).(threads_of[i] > 0 ? sprintf(" n×%d", threads_of[i]) : "").(chunk_of[i] > 0 ? sprintf(", chunk %d", chunk_of[i]) : "")
entries = last - first + 2
longest = 0
do for [i = first:last] { longest = strlen(name(i)) > longest ? strlen(name(i)) : longest }
above = 525
load plots."style.gp"
# Splits of one backend are shades of its colour, with markers of their own.
array shades[6] = [0xE69F00, 0x7A3E00, 0xB36B00, 0xF2C14E, 0x4A2600, 0xFFDD99]
array shade_markers[6] = [10, 6, 4, 12, 8, 14]
rank(i) = (sum [k = 1:i] (threads_of[k] > 0 ? 1 : 0)) % 6
shade(i) = rank(i) ? rank(i) : 6
colour(i) = threads_of[i] > 0 ? shades[shade(i)] : colours[style(backend(i))]
mark(i) = threads_of[i] > 0 ? shade_markers[shade(i)] : markers[style(backend(i))]
width(i) = chunk_of[i] > 0 ? 1 : 2

# Wide ranges of sizes get a logarithmic axis, short ones a tick a size. The usable CPUs are always on it, unless they
# are more than any size.
stats data using (column(-2) >= first ? column(3) : NaN) name "sizes" nooutput
left = cpus < sizes_min ? cpus : sizes_min
set xlabel "workers"
if (sizes_max / left > 8) {
    set logscale x 2
    set xrange [left / 1.1:sizes_max * 1.1]
} else {
    set xtics 1
    set xrange [left - 0.3:sizes_max + 0.3]
}

# The lowest and the highest that is drawn of the pools; a value may lack its interval.
stats data using (column(-2) >= first ? column(value) : NaN) name "value" nooutput
stats data using (column(-2) >= first ? column(value + 1) : NaN) name "low" nooutput
stats data using (column(-2) >= first ? column(value + 2) : NaN) name "high" nooutput
bottom = low_min < value_min ? low_min : value_min
top = high_max > value_max ? high_max : value_max

# Above the frame, where no data is.
if (cpus <= sizes_max) {
    set arrow from cpus, graph 0 to cpus, graph 1 nohead linecolor rgb grey linewidth 1.5 dashtype 2 back
    set label sprintf("%d usable CPU%s", cpus, cpus == 1 ? "" : "s") at cpus, graph 1.035 center textcolor rgb 0x606060
}
set bmargin at screen (56.0 + legend) / height
