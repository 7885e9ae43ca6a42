# SPDX-License-Identifier: Apache-2.0
"""Phrases for what things are like, by property: predicates as said of one thing."""

from __future__ import annotations

from typing import Final

from .wording import Wording

PROPERTY_PHRASES: Final[dict[str, Wording]] = {
    # shape
    "round": Wording(
        train="""
            is round
            is round on all sides
            is shaped like a ball
            is shaped like a globe
            has a round shape
            can roll in every direction
            is a sphere
            is as round as a ball
            has no corners and is round
            has a ball shape
            is like a small globe
            can roll away in any direction
            looks like a sphere
            is round from every side
        """,
        val="""
            is round like a globe
        """,
        test="""
            is round like a ball
            has the shape of a globe
        """,
    ),
    "cube": Wording(
        train="""
            is shaped like a cube
            has six flat sides
            has eight corners
            has six sides and eight corners
            is a cube
            has a cube shape
            looks like a cube
            has a flat side in every direction
            is square on all sides
            has corners and flat sides
            has six square sides
            can lie on any of its six sides
        """,
        val="""
            has eight corners and six flat sides
        """,
        test="""
            has the shape of a cube
            has flat sides and eight corners
        """,
    ),
    "curved": Wording(
        train="""
            is long and curved
            is bent like a bow
            is curved like a smile
            is curved like the moon
            has a long curved shape
            is bent like a smile
            is curved
            has a curved shape
            has the shape of a moon
            looks like a smile
            looks like a bow
            is bent and long
        """,
        val="""
            is curved like a bow
        """,
        test="""
            is long and bent
            has a curved shape like the moon
        """,
    ),
    "flat_round": Wording(
        train="""
            is flat and round
            is a flat round disc
            is shaped like a flat disc
            is round with a low rim
            has a flat round shape
            is wide and flat and round
            looks like a disc
            is a wide disc
            is flat with a rim
            is low and flat and round
            is round and flat
            has the shape of a flat disc
            has a wide flat middle and a rim
        """,
        val="""
            is wide and round and flat
        """,
        test="""
            is a wide flat disc
            is flat and round with a low rim
        """,
    ),
    # material
    "metal": Wording(
        train="""
            is made of metal
            is made of steel
            is metallic
            consists of metal
            is made from metal
            would stick to a magnet
            is made of iron or steel
            consists of iron
            is a metal thing
            is all metal or has metal parts
            is steel
            looks like metal
        """,
        val="""
            is made from steel
        """,
        test="""
            consists of steel
            is made out of metal
        """,
    ),
    "porcelain": Wording(
        train="""
            is made of porcelain
            is made of china
            is made of baked clay
            is ceramic
            is made of ceramic
            was made by a potter from clay
            consists of ceramic or porcelain
            consists of china
            consists of clay
            is made of clay
            is pottery
            was baked from clay
            was made by a potter
            is china or ceramic
        """,
        val="""
            consists of porcelain
        """,
        test="""
            is made from clay
            is made out of ceramic
        """,
    ),
    "paper": Wording(
        train="""
            is made of paper
            consists of many sheets of paper
            is made of printed paper
            is full of paper
            is printed on paper
            is made from sheets of paper
            has sheets of paper
            is paper inside
            is printed
            is printed paper
        """,
        val="""
            consists of paper
        """,
        test="""
            is made of many sheets
            is made from printed paper
        """,
    ),
    "cardboard": Wording(
        train="""
            is made of cardboard
            is made of thick cardboard
            consists of cardboard
            is folded from cardboard
            is made from corrugated cardboard
            is a folded piece of cardboard
            consists of thick cardboard
            is folded cardboard
            is cardboard
            is made of corrugated paper
            is made of folded cardboard
            is corrugated cardboard
        """,
        val="""
            is made from cardboard
        """,
        test="""
            is made of corrugated cardboard
            is folded from thick cardboard
        """,
    ),
    "wood": Wording(
        train="""
            is made of wood
            is wooden
            consists of wood
            has a wooden body
            is made from the wood of a tree
            is made of wood and graphite
            is made from a tree
            has wood around graphite
            is made of wood from trees
            consists of wood and graphite
            was cut from the wood of a tree
        """,
        val="""
            is made from wood
        """,
        test="""
            is made of wood from a tree
            has a body made of wood
        """,
    ),
    "wax": Wording(
        train="""
            is made of wax
            has a wick
            gets shorter as the wick burns down
            melts while it burns
            drips wax when lit
            burns with a flame
            is wax
            can burn
            drips wax
            burns down
            has a flame when lit
            consists of wax
            is made of wax around a wick
        """,
        val="""
            has a wick that burns
        """,
        test="""
            consists of wax with a wick
            melts as the wax burns
        """,
    ),
    "tin": Wording(
        train="""
            is made of thin sheet metal
            is a metal cylinder
            has a metal lid and a metal rim
            is made of tin or aluminium
            has a printed side made of sheet metal
            is a sealed metal cylinder
            is tin
            is a cylinder of metal
            is a round cylinder made of sheet metal
            is sealed and made of metal
            is a cylinder with a metal rim
            has a lid of metal
        """,
        val="""
            is made of aluminium or tin
        """,
        test="""
            is a cylinder made of sheet metal
            has a metal rim and a lid made of tin
        """,
    ),
    # behaviour
    "breakable": Wording(
        train="""
            is fragile
            is breakable
            breaks easily
            could break on the floor
            would break if dropped
            should not be dropped
            would shatter on the floor
            must be handled with care
            could shatter
            must not be dropped
            is fragile and should be handled with care
            would shatter if dropped
        """,
        val="""
            could shatter if dropped
        """,
        test="""
            would break on the floor
            is easily broken
        """,
    ),
    "sharp": Wording(
        train="""
            is sharp
            has a sharp edge
            is too sharp for children
            could cut my finger
            is dangerous for children because of sharp edges
            must be kept away from children
            would cut me
            is dangerous for my fingers
            could cut someone
            is not for children because it is sharp
            has an edge that cuts
        """,
        val="""
            has sharp edges
        """,
        test="""
            could cut a finger
            is sharp and dangerous
        """,
    ),
    "sticky": Wording(
        train="""
            is sticky
            is sticky on one side
            has a sticky side
            sticks to my fingers
            sticks to everything
            can be unrolled and stuck on
            has a side that sticks
            sticks to paper
            sticks to things
        """,
        val="""
            sticks to the fingers
        """,
        test="""
            is sticky and can be unrolled
            has one sticky side
        """,
    ),
    "electric": Wording(
        train="""
            is electric
            is electronic
            has a battery
            needs a battery
            runs on batteries
            works only with a charged battery
            can be switched on and off
            works on batteries
            needs power from a battery
            can be charged or needs batteries
            can be switched on
            can be switched off
            has an on and off switch
        """,
        val="""
            works with a battery
        """,
        test="""
            needs a charged battery
            runs on a battery
        """,
    ),
    "bounces": Wording(
        train="""
            bounces
            bounces up and down
            bounces back from the floor
            is full of air
            is filled with air to bounce well
            can bounce
            bounces back
            bounces well
            bounces when dropped
            is round and full of air
        """,
        val="""
            bounces on the floor
        """,
        test="""
            can bounce up and down
            is filled with air
        """,
    ),
    "shines": Wording(
        train="""
            has a bulb
            has a light bulb and a switch
            shines a beam of light
            has a bright lamp at one end
            gives a bright beam when switched on
            is switched on to shine in the dark
            shines
            shines in the dark
            gives light from a bulb
            has a lamp at the end
            has a lamp and a switch
            shines when switched on
            makes a beam of light
        """,
        val="""
            shines a bright beam
        """,
        test="""
            gives a beam of light
            has a bulb that shines
        """,
    ),
    "recycle": Wording(
        train="""
            should be recycled
            can be recycled when empty
            belongs in the recycling bin
            goes into the recycling when empty
            is worth a deposit
            goes back to the store for the deposit
            goes into the recycling
            can go back to the store
            is collected for recycling
            should go into the recycling bin
            has a deposit on it
        """,
        val="""
            goes into the recycling bin
        """,
        test="""
            belongs in the recycling when empty
            goes back for the deposit
        """,
    ),
    # food
    "peel": Wording(
        train="""
            has a peel
            has a peel that nobody eats
            must be peeled
            is peeled by hand
            has a thick peel around the fruit
            needs to be peeled first
            has a peel around it
            has a peel to take off
            needs peeling
        """,
        val="""
            needs to be peeled by hand
        """,
        test="""
            has a thick peel
            must be peeled first
        """,
    ),
    "sweet": Wording(
        train="""
            is sweet
            tastes sweet
            tastes fruity
            is sweet and fruity
            has a sweet taste
            is full of fruit sugar
            tastes of sugar
            is full of sugar
            is sweet to eat
            is fruity
            is sweet like fruit
        """,
        val="""
            has a fruity taste
        """,
        test="""
            tastes sweet and fruity
            is full of sweet fruit sugar
        """,
    ),
    "crunchy": Wording(
        train="""
            is crunchy
            is crisp and crunchy
            makes a crunch when eaten
            is hard and crisp to bite
            cracks between the teeth
            has a crisp bite
            is hard to bite
            is crisp
            has a crunch
            is crisp to bite
            makes a crunch
        """,
        val="""
            has a crunchy bite
        """,
        test="""
            is crunchy to bite
            is hard and crunchy
        """,
    ),
    "underground": Wording(
        train="""
            grows underground
            grows in the soil
            grows under the soil
            is a root
            is an edible root
            is pulled out of the soil
            grows in the ground
            is pulled out of the ground
            is a root from the soil
            has grown under the soil
            comes out of the soil
            is a root that one eats
        """,
        val="""
            is a root that grows underground
        """,
        test="""
            is an edible root from the soil
            grows underground in the soil
        """,
    ),
    "tree": Wording(
        train="""
            grows on a tree
            grows on trees
            falls from a tree
            is picked from a tree
            grows in an orchard
            is harvested in an orchard
            hangs on a tree
            comes from a tree
            comes from an orchard
        """,
        val="""
            is picked in an orchard
        """,
        test="""
            grows on trees in an orchard
            is harvested from a tree
        """,
    ),
    "perishable": Wording(
        train="""
            goes bad after a while
            rots
            starts to rot after a few weeks
            grows on a farm
            is sold at the farmers market
            belongs in the fruit and vegetable section
            comes from a plant
            can rot
            goes bad
            goes bad after some weeks
            is sold fresh at a market
        """,
        val="""
            comes from a farm
        """,
        test="""
            is sold in the fruit and vegetable section
            rots after a while
        """,
    ),
    # parts
    "blade": Wording(
        train="""
            has a blade
            has at least one blade
            has a metal blade
            cuts with a blade
            has a cutting edge
            has a blade to cut with
            has a sharp blade
            has something to cut with
            has a metal blade that cuts
        """,
        val="""
            has a cutting blade
        """,
        test="""
            has at least one cutting edge
            cuts with a metal blade
        """,
    ),
    "finger_holes": Wording(
        train="""
            has two holes for the fingers
            has holes for my fingers
            has two blades
            has two blades that open and close
            has two blades and two finger holes
            has two rings for the fingers
            has finger holes
            has rings to put my fingers in
            has blades that open and close
            has two blades and rings for the fingers
            has two rings and two blades
        """,
        val="""
            has two finger holes
        """,
        test="""
            has holes for the fingers and two blades
            has two rings for my fingers
        """,
    ),
    "screen": Wording(
        train="""
            has a screen
            has a touch screen
            has a display
            shows apps on a screen
            has a camera and a screen
            rings when someone calls
            shows apps
            has a camera
            has a display to touch
            can ring
        """,
        val="""
            has a touch display
        """,
        test="""
            has a display with apps
            has a camera and a touch screen
        """,
    ),
    "pages": Wording(
        train="""
            has pages
            has many pages
            has a cover and many pages
            has chapters
            was written by an author
            is full of text
            has text on its pages
            has a cover
            has chapters and pages
            is written by an author
            is full of pages
            has pages to turn
        """,
        val="""
            has many chapters
        """,
        test="""
            has a cover and chapters
            has pages full of text
        """,
    ),
    "bristles": Wording(
        train="""
            has bristles
            has soft bristles
            has many small bristles
            has a head with bristles
            is a small brush
            has bristles at one end
            has a head full of bristles
            is a brush
            has bristles on its head
            has a long handle and bristles
            is a brush with a small head
        """,
        val="""
            has small soft bristles
        """,
        test="""
            has a brush head
            has many bristles at one end
        """,
    ),
    "prongs": Wording(
        train="""
            has prongs
            has three or four prongs
            has tines
            has four pointed tines
            has pointed prongs
            has prongs to poke food with
            has pointed tines
            has several prongs
            has four prongs
            ends in prongs
            has three tines or four
            pokes food with prongs
        """,
        val="""
            has three or four tines
        """,
        test="""
            has four pointed prongs
            has tines to poke food with
        """,
    ),
    "dots": Wording(
        train="""
            has dots on each side
            has one to six dots on each side
            has dots that count from one to six
            shows a random number of dots
            shows a number from one to six
            has spots for numbers
            has dots
            has dots from one to six
            shows numbers as dots
            has up to six dots on a side
            shows dots on every side
            has spots on each side
        """,
        val="""
            has a number of dots on each side
        """,
        test="""
            has dots for numbers
            shows one to six dots
        """,
    ),
    "spout": Wording(
        train="""
            has a spout
            has a lid and a spout
            has a spout to pour from
            has a handle and a spout
            has a spout and a lid on top
            pours through a spout
            has a spout and a handle
            has a long spout
            has a spout for pouring
            has a lid, a handle and a spout
            can pour through its spout
        """,
        val="""
            has a lid on top and a spout
        """,
        test="""
            has a handle and a spout to pour from
            pours from a spout
        """,
    ),
    "cap": Wording(
        train="""
            has a cap
            has a screw cap
            has a narrow neck
            has a long neck and a cap
            closes with a cap
            has a cap on the neck
            has a cap on top
            has a neck
            has a long neck
            can be closed with a cap
            has a cap to screw on
        """,
        val="""
            has a narrow neck and a cap
        """,
        test="""
            has a long narrow neck
            closes with a screw cap
        """,
    ),
    "keyhole": Wording(
        train="""
            fits into a lock
            fits into a keyhole
            opens a lock
            opens a door
            belongs on a key ring
            hangs on a key ring
            fits a lock
            opens locks
            goes into a keyhole
            hangs on a ring
            belongs to a lock
            fits into the keyhole of a door
            opens the lock of a door
        """,
        val="""
            fits the keyhole
        """,
        test="""
            fits into the keyhole of a lock
            opens a lock in a door
        """,
    ),
    "heavy_head": Wording(
        train="""
            has a heavy head
            has a heavy metal head on a handle
            has a long handle and a heavy head
            can hit hard
            has a head that hits nails
            has a steel head for nails
            has a handle and a heavy head
            hits nails
            has a metal head
            has a head of steel
            is heavy at the head and hits hard
        """,
        val="""
            has a heavy steel head
        """,
        test="""
            has a heavy head on a long handle
            has a head for nails
        """,
    ),
    "jaws": Wording(
        train="""
            has jaws
            has open jaws
            grips bolts and nuts
            fits around a nut
            has jaws that grip a bolt
            turns bolts and nuts
            grips nuts
            fits a bolt
            has jaws for nuts
            has an opening that fits a nut
            has jaws for bolts and nuts
            has jaws at the end to turn bolts
        """,
        val="""
            has jaws for bolts
        """,
        test="""
            has jaws that grip a nut
            grips a bolt
        """,
    ),
    "screw_tip": Wording(
        train="""
            fits into a screw
            turns screws
            has a tip that fits into a screw
            has a tip for screws
            fits the slot of a screw
            has a thin metal tip that turns screws
            has a tip for turning screws
            has a thin tip for a screw
            turns a screw
            has a metal tip that fits screws
            has a handle and a tip for screws
            fits screws
        """,
        val="""
            fits into the slot of a screw
        """,
        test="""
            has a metal tip for screws
            has a tip that turns a screw
        """,
    ),
    # places
    "bathroom": Wording(
        train="""
            belongs in the bathroom
            is kept in the bathroom
            belongs in a toilet bag
            is kept next to the bathroom sink
            is sold next to toothpaste
            is packed into a toilet bag for a trip
            is used in the bathroom
            is kept next to the sink
            is kept with the toothpaste
            is packed in a toilet bag
            is found in every bathroom
            belongs next to the toothpaste
        """,
        val="""
            is kept in a toilet bag
        """,
        test="""
            belongs next to the bathroom sink
            is packed into the toilet bag
        """,
    ),
    "toolbox": Wording(
        train="""
            belongs in a toolbox
            is kept in the toolbox
            belongs in the garage with the tools
            is sold in a hardware store
            is used by a mechanic
            is used for repairs
            belongs in a workshop
            is kept in a toolbox
            is found in a workshop
            is used in a workshop
            is used in the garage
            belongs to a mechanic
            comes from the hardware store
        """,
        val="""
            is kept in a workshop
        """,
        test="""
            belongs with the tools
            is used by a mechanic for repairs
        """,
    ),
    "desk": Wording(
        train="""
            belongs on a desk
            is used in the office
            is used at school
            belongs in the classroom
            is used by students in the classroom
            belongs in an office
            is found in an office
            is used on a desk
            is on every desk at school
            belongs to the things on a desk
        """,
        val="""
            is used in the classroom
        """,
        test="""
            is used by students at school
            belongs on a desk in the office
        """,
    ),
    "cutlery_drawer": Wording(
        train="""
            belongs in the cutlery drawer
            is kept in the cutlery drawer
            goes next to the plate when the table is set
            lies beside the plate at dinner
            is used to bring food to the mouth
            is used to eat with
            is kept in the drawer with the cutlery
            brings food to the mouth
        """,
        val="""
            lies next to the plate at dinner
        """,
        test="""
            goes into the cutlery drawer
            lies beside the plate when the table is set
        """,
    ),
    # groups that have a noun
    "fruit": Wording(
        train="""
            is a fruit
            is a kind of fruit
            counts as fruit
            belongs in the fruit bowl
            belongs in a fruit basket
            is sold as fruit
            is sold with the fruit
            is fruit
            belongs to the fruit
            is a piece of fruit
            is kept in a fruit basket
        """,
        val="""
            belongs to the fruit basket
        """,
        test="""
            belongs in the basket of fruit
            is one kind of fruit
        """,
    ),
    "vegetable": Wording(
        train="""
            is a vegetable
            is a kind of vegetable
            counts as a vegetable
            is sold as a vegetable
            is a vegetable and not a fruit
            belongs to the vegetables
            is a piece of vegetable
            is sold with the vegetables
            is one of the vegetables
            is a vegetable, not a fruit
        """,
        val="""
            is one kind of vegetable
        """,
        test="""
            counts as vegetable
            is a vegetable but not a fruit
        """,
    ),
    "food": Wording(
        train="""
            is edible
            is food
            can be eaten
            is a kind of food
            is good to eat
            is tasty and edible
            counts as food
            is something to eat
            is a piece of food
            is good food
            is food and tasty
            is meant to be eaten
            can be eaten by people
        """,
        val="""
            is edible and good to eat
        """,
        test="""
            is tasty to eat
            is something to be eaten
        """,
    ),
    "tool": Wording(
        train="""
            is a tool
            is a kind of tool
            is a hand tool
            counts as a tool
            is a tool for repairs
            is a tool from the workshop
            belongs to the tools
            is one of the tools
            is a workshop tool
            is used as a tool
            is a tool for the hand
            is a tool for repair work
        """,
        val="""
            is a hand tool from the workshop
        """,
        test="""
            counts as a hand tool
            is one kind of tool
        """,
    ),
    "toy": Wording(
        train="""
            is a toy
            is a kind of toy
            is for children to play with
            is made for play
            is used to play games
            is used in games
            counts as a toy
            is meant for play
            is for games
            is for play
            is something children play with
            is used for a game
            is one of the toys
            belongs to the toys
            is made for children to play with
        """,
        val="""
            is used in games by children
        """,
        test="""
            is a toy for children
            is used to play
        """,
    ),
    "cutlery": Wording(
        train="""
            is cutlery
            is silverware
            is a kind of cutlery
            counts as cutlery
            is a utensil for eating
            is an eating utensil
            is a piece of cutlery
            is one of the utensils for eating
            belongs to the cutlery
            is made to eat with
            is a piece of silverware
            is a utensil to eat with
        """,
        val="""
            counts as silverware
        """,
        test="""
            is a kind of silverware
            is a kind of eating utensil
        """,
    ),
    "tableware": Wording(
        train="""
            is tableware
            belongs on the dinner table
            is used to serve and eat dinner
            belongs to the dishes
            counts as tableware
            is part of the dishes
            is used at dinner
            belongs to the tableware
            is put on the dinner table
            is one of the dishes
            is used to serve dinner
            is used to eat dinner or to serve it
            belongs on a dinner table
        """,
        val="""
            is a kind of tableware
        """,
        test="""
            is part of the tableware
            counts as part of the dishes
        """,
    ),
    "container": Wording(
        train="""
            is a container
            is a hollow container for something
            is hollow and can be filled
            can be filled
            can hold something inside
            has space inside
            is a kind of container
            has a hollow inside
            is hollow
            is a hollow thing to fill
            has room inside
            holds something inside
            is something to put things into
        """,
        val="""
            can be filled with something
        """,
        test="""
            has space to hold something
            is a hollow container
        """,
    ),
    "device": Wording(
        train="""
            is an electronic device
            is a gadget
            is a kind of gadget
            counts as electronics
            is sold in an electronics store
            is a device with a battery
            is an electronic gadget
            is electronics
            is one of the gadgets
            is a device
            is an electronic device with a battery
            is sold with the electronics
        """,
        val="""
            is a kind of electronic device
        """,
        test="""
            counts as an electronic gadget
            is a device from an electronics store
        """,
    ),
    "stationery": Wording(
        train="""
            is stationery
            belongs to the stationery
            is sold in a stationery store
            counts as stationery
            belongs in a pencil case
            is used for crafts
            is used for crafts with paper
            is kept in a pencil case
            is used with paper
            belongs to the things for crafts
            is sold in a shop for stationery
            is used for paper crafts
            is one of the things in a pencil case
        """,
        val="""
            is a kind of stationery
        """,
        test="""
            is part of the stationery
            is used for crafts at school
        """,
    ),
}
