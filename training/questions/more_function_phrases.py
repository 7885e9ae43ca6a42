# SPDX-License-Identifier: Apache-2.0
"""Phrases for what people want to do with the household's things; notation as in `wording`."""

from __future__ import annotations

from typing import Final

from .wording import Wording

MORE_FUNCTION_PHRASES: Final[dict[str, Wording]] = {
    "cook_soup": Wording(
        train="""
            cook some rice (in)
            boil an egg until it is hard (in)
            the eggs are not boiled yet.
            keep the stove from getting dirty while I cook soup (in)
            warm up yesterday's soup (in)
            cook soup (in)
            boil potatoes (in)
            boil some pasta (in)
            make a stew (in)
            heat a litre of water (in)
            the soup must simmer for an hour.
        """,
        val="""
            boil rice (in)
            cook a stew (in)
        """,
        test="""
            simmer a soup (in)
            boil some eggs (in)
            the potatoes are not boiled yet.
        """,
    ),
    "fry": Wording(
        train="""
            fry some mushrooms (in)
            fry fish fingers (in)
            make a crepe (in)
            fry potatoes until they are golden (in)
            the mushrooms are still raw.
            fry an egg (in)
            fry some bacon (in)
            make pancakes (in)
            brown the onions (in)
            sear a steak (in)
            I would like a fried egg.
        """,
        val="""
            fry a fish (in)
            make an omelette (in)
        """,
        test="""
            fry mushrooms (in)
            brown some bacon (in)
            the steak is still raw.
        """,
    ),
    "flip": Wording(
        train="""
            lift cookies off a baking sheet (with)
            press the burger down (with)
            the pan has burnt bits to scrape off.
            turn the fish without breaking it (with)
            flip a pancake (with)
            turn the burger over (with)
            lift the fried egg out of the pan (with)
            scrape the pan clean (with)
            the pancake must be turned.
        """,
        val="""
            turn a pancake over (with)
            lift a cookie off the tray (with)
        """,
        test="""
            flip the burger (with)
            turn the fish over (with)
        """,
    ),
    "beat_eggs": Wording(
        train="""
            whisk egg whites (with)
            beat butter and sugar (with)
            make the batter fluffy (with)
            the sauce is full of lumps.
            beat the eggs (with)
            whip some cream (with)
            whisk the batter (with)
            mix the sauce until it is smooth (with)
            the cream is not whipped yet.
        """,
        val="""
            whip the egg whites (with)
            beat the batter (with)
        """,
        test="""
            beat some cream (with)
            whisk an egg (with)
        """,
    ),
    "serve_soup": Wording(
        train="""
            dish out some punch (with)
            scoop the broth (with)
            put stew on the plates (with)
            the stew is hot and nobody has any yet.
            serve the soup (with)
            fill the bowls with soup (with)
            scoop stew out of the pot (with)
            pour punch into the glasses (with)
            the guests are waiting for their soup.
        """,
        val="""
            dish out the stew (with)
            scoop some soup (with)
        """,
        test="""
            serve the stew (with)
            scoop punch out of the bowl (with)
        """,
    ),
    "roll_dough": Wording(
        train="""
            roll out pie crust (with)
            press the dough flat (with)
            make thin noodles (with)
            I am baking and the pastry is too thick.
            roll out the dough (with)
            flatten the pizza dough (with)
            make the pastry thin (with)
            roll cookie dough (with)
            the dough is still too thick.
        """,
        val="""
            flatten the dough (with)
            roll out the pastry (with)
        """,
        test="""
            roll out a pizza (with)
            make the dough thin (with)
        """,
    ),
    "chop_on": Wording(
        train="""
            cut up herbs (on)
            slice some sausage (on)
            cut a lemon without a mess (on)
            put under the bread while I slice it
            chop vegetables (on)
            cut the bread (on)
            slice onions without hurting the table (on)
            dice some carrots (on)
            I do not want to scratch the table while I cut.
        """,
        val="""
            cut up an apple (on)
            chop the herbs (on)
        """,
        test="""
            slice a tomato (on)
            chop the onions (on)
        """,
    ),
    "dry": Wording(
        train="""
            dry my face and my feet (with)
            rub myself dry after the pool (with)
            I come out of the tub.
            I come in from the rain and am wet.
            dry my hands (with)
            dry off after a swim (with)
            rub my wet hair dry (with)
            wrap up after a bath (in)
            my hands are wet.
            I just took a shower.
        """,
        val="""
            dry my face (with)
            rub the dog dry (with)
        """,
        test="""
            dry myself after a shower (with)
            dry my wet hands (with)
            I come out of the pool.
        """,
    ),
    "wash_hands": Wording(
        train="""
            wash mud off my hands (with)
            clean my fingers before the meal (with)
            my hands smell of fish.
            get foam on my hands (with)
            wash my hands (with)
            get the grease off my fingers (with)
            make lather (with)
            wash my face (with)
            my hands are dirty.
            my fingers are greasy.
        """,
        val="""
            wash the dirt off my hands (with)
            get my hands clean (with)
        """,
        test="""
            wash my dirty fingers (with)
            make some foam (with)
            I have mud on my hands.
        """,
    ),
    "comb_hair": Wording(
        train="""
            comb out the tangles (with)
            smooth my wild hair (with)
            make my hair look nice (with)
            the wind has ruined my hair.
            comb my hair (with)
            untangle my hair (with)
            do my hair (with)
            tidy my hair before the party (with)
            my hair is a mess.
            my hair is full of knots.
        """,
        val="""
            get the knots out of my hair (with)
            smooth my hair (with)
        """,
        test="""
            comb the tangles out of my hair (with)
            tidy up my hair (with)
            my hair looks wild.
        """,
    ),
    "sun": Wording(
        train="""
            protect my bald head (with)
            keep cool on a sunny day (with)
            wear at the beach in summer
            wear backwards on my head
            keep the sun off my head (with)
            cover my head (with)
            ~wear on my head
            ~put on my head against the sun
            the sun burns on my head.
        """,
        val="""
            protect my head from the sun (with)
            ~wear on a sunny day
        """,
        test="""
            cover my bald head (with)
            keep my head cool in the sun (with)
        """,
    ),
    "see_better": Wording(
        train="""
            protect my eyes from the wind (with)
            see things in the distance (with)
            everything far away is blurry.
            read tiny print (with)
            see more clearly (with)
            read small print (with)
            ~put on my nose
            ~wear in front of my eyes
            I cannot read the small letters.
            everything looks blurry to me.
        """,
        val="""
            see sharp again (with)
            ~wear on my nose
        """,
        test="""
            read the tiny letters (with)
            ~put before my eyes
            I cannot see sharp.
        """,
    ),
    "listen": Wording(
        train="""
            listen to a podcast alone (with)
            hear the radio (with)
            plug into the radio to listen
            it is too loud here to hear my podcast.
            listen to music (with)
            hear a song without waking anyone (with)
            ~wear over my ears
            ~put on my ears
            I want some music, but quietly.
        """,
        val="""
            hear my podcast (with)
            listen to a song alone (with)
        """,
        test="""
            listen to the radio quietly (with)
            ~wear on my ears
        """,
    ),
    "change_channel": Wording(
        train="""
            zap through all channels (with)
            press a button to change the channel (with)
            the television is too quiet.
            pause the TV (with)
            go to another channel (with)
            change the channel (with)
            turn on the television (with)
            make the TV louder (with)
            switch the TV off (with)
            I do not like this TV show.
            the television is too loud.
        """,
        val="""
            switch to another channel (with)
            turn the TV down (with)
        """,
        test="""
            turn off the television (with)
            zap through the channels (with)
            the TV is too quiet.
        """,
    ),
    "charge": Wording(
        train="""
            charge a tablet (with)
            plug into a socket or an outlet
            the tablet is nearly dead.
            get my tablet running again (with)
            charge the nearly dead phone (with)
            charge my phone (with)
            ~plug into the wall
            fill up an empty battery (with)
            give my phone new power (with)
            my phone is at two percent.
        """,
        val="""
            charge the tablet (with)
            ~plug into a socket
        """,
        test="""
            load my empty phone (with)
            ~plug into the power outlet
            my phone is nearly dead.
        """,
    ),
    "power": Wording(
        train="""
            get the radio running again (with)
            put into a torch or a toy
            keep a clock running (with)
            the torch has no power.
            power a toy (with)
            make the clock tick again (with)
            ~put into the remote control
            replace the empty cell (with)
            the clock has stopped.
        """,
        val="""
            ~put into a torch
            power a small radio (with)
        """,
        test="""
            get the toy running again (with)
            ~put into the wall clock
        """,
    ),
    "add_up": Wording(
        train="""
            calculate a price (with)
            sum up the costs (with)
            multiply large numbers (with)
            begin my maths homework (with)
            find the sum of all prices (with)
            add up these numbers (with)
            do my maths homework (with)
            work out the bill (with)
            divide a large number (with)
            what is seven times eighty-three.
        """,
        val="""
            calculate the price (with)
            add these numbers (with)
        """,
        test="""
            sum up the bill (with)
            multiply two numbers (with)
        """,
    ),
    "type": Wording(
        train="""
            type an essay (with)
            write a program (with)
            fill in a form on a website (with)
            enter a word into the computer (with)
            I have a long essay to write on the computer.
            type a letter (on)
            enter text into the computer (with)
            write an email (on)
            type my password (with)
            I must type a long report.
        """,
        val="""
            type an essay (on)
            enter my password (with)
        """,
        test="""
            write a program (on)
            type a message into the computer (with)
        """,
    ),
    "click": Wording(
        train="""
            drag a file to another folder (with)
            click a button on a website (with)
            move the pointer to a file (with)
            select a word on the screen (with)
            I want to drag the pointer.
            click on an icon (with)
            move the cursor (with)
            scroll down the page (with)
            point at things on the screen (with)
            my cursor does not move.
        """,
        val="""
            click a button on the screen (with)
            move the pointer (with)
        """,
        test="""
            scroll through a website (with)
            drag a file (with)
        """,
    ),
    "measure": Wording(
        train="""
            measure how many centimetres it is (with)
            measure the window frame (with)
            find the centre of a board (with)
            how many centimetres is the carpet.
            measure the width of the door (with)
            find out how long this board is (with)
            check the length (with)
            measure a shelf (with)
            I must know how long this is.
        """,
        val="""
            measure the table (with)
            find the length of a plank (with)
        """,
        test="""
            measure this box (with)
            check how wide it is (with)
            how many centimetres is this.
        """,
    ),
    "drill_hole": Wording(
        train="""
            drill into a log (with)
            bore holes into the frame (with)
            make room for a screw in the wall (with)
            the wall needs a deep hole.
            drill a hole (with)
            make a hole in the wall (with)
            bore through this plank (with)
            put a hole into wood (with)
            the shelf needs four holes.
        """,
        val="""
            bore a hole (with)
            drill into the wall (with)
        """,
        test="""
            make holes in a board (with)
            drill through the wood (with)
        """,
    ),
    "saw_wood": Wording(
        train="""
            saw a log (with)
            cut branches off a tree (with)
            cut wood for the stove (with)
            the log is too long for the stove.
            saw a board in two (with)
            cut down a small tree (with)
            cut a plank to length (with)
            saw off a branch (with)
            this board is too long.
        """,
        val="""
            cut off a branch (with)
            saw a plank (with)
        """,
        test="""
            saw through the wood (with)
            cut a log (with)
        """,
    ),
    "grip": Wording(
        train="""
            bend a wire (with)
            pull out a nail (with)
            press two boards together (with)
            hold a wire while I work (with)
            this nut slips out of my fingers.
            grip a small nut tightly (with)
            hold a hot piece of metal (with)
            squeeze something hard (with)
            hold a part firmly (with)
            I cannot hold this with my fingers.
        """,
        val="""
            hold a nail firmly (with)
            grip a wire (with)
        """,
        test="""
            hold this tight (with)
            squeeze two parts together (with)
        """,
    ),
    "staple": Wording(
        train="""
            join some sheets (with)
            fasten my homework (with)
            put the pages of an essay together (with)
            the pages must not come apart.
            staple these sheets (with)
            fasten these pages together (with)
            pin sheets together (with)
            keep the pages of my report together (with)
            my loose sheets fall apart.
        """,
        val="""
            staple my homework (with)
            join these sheets (with)
        """,
        test="""
            staple the pages (with)
            hold the sheets of a report together (with)
        """,
    ),
    "erase": Wording(
        train="""
            rub out a wrong word (with)
            remove pencil marks (with)
            erase a line that I do not want (with)
            there is a mistake in my drawing.
            erase a mistake (with)
            rub out a pencil line (with)
            remove what I drew (with)
            correct my drawing (with)
            I wrote the wrong number in pencil.
        """,
        val="""
            rub out a word (with)
            erase this line (with)
        """,
        test="""
            remove a pencil mark (with)
            rub out the mistake (with)
        """,
    ),
    "paint": Wording(
        train="""
            brush glue onto wood (with)
            paint a picture frame (with)
            paint the street number on the wall (with)
            the chair needs a fresh colour.
            paint the fence (with)
            spread varnish on wood (with)
            put paint on a wall (with)
            paint the door (with)
            the wall needs a new coat of paint.
        """,
        val="""
            paint a chair (with)
            brush on some varnish (with)
        """,
        test="""
            paint the window frame (with)
            put colour on the fence (with)
        """,
    ),
    "tie": Wording(
        train="""
            bind branches together (with)
            tie a raft to the pier (with)
            make a swing from a tree (with)
            lead a horse (with)
            tie a swing to a branch (with)
            tie up the boat (with)
            bind these sticks together (with)
            tie a knot (in)
            pull the sledge (with)
            hang up the laundry (on)
            the dog needs a leash.
        """,
        val="""
            tie the boxes together (with)
            make a swing (with)
        """,
        test="""
            bind the branches (with)
            tie the boat to the pier (with)
        """,
    ),
    "spray": Wording(
        train="""
            spray a mirror (with)
            mist the orchids (with)
            squirt cleaner onto the stove (with)
            spray water at the cat (with)
            the leaves of my plants are dry.
            spray the windows (with)
            mist the plants (with)
            spray cleaner on the table (with)
            squirt some water (with)
            the window is dusty and needs cleaner.
        """,
        val="""
            spray the leaves (with)
            spray the mirror (with)
        """,
        test="""
            mist my orchids (with)
            squirt cleaner on the stove (with)
        """,
    ),
    "clean": Wording(
        train="""
            scrub the tub (with)
            clean the tiles (with)
            wash the car (with)
            rub dirt off the wall (with)
            there is a stain on the carpet.
            scrub the floor (with)
            scour the dirty sink (with)
            rub off the stains (with)
            clean the bathtub (with)
            the sink is filthy.
        """,
        val="""
            scrub the bathtub (with)
            rub the dirt away (with)
        """,
        test="""
            clean a filthy pan (with)
            scour the tiles (with)
            there is a stain on the floor.
        """,
    ),
    "fetch_water": Wording(
        train="""
            collect rain for the plants (in)
            mix some wet plaster (in)
            carry water from the river (in)
            collect rain and sand (in)
            water drips from above.
            ~fill with water to mop the floor
            build a sand castle (with)
            catch the drops under the leaking roof (with)
            carry sand to the beach (in)
            the roof is leaking.
        """,
        val="""
            collect rain (in)
            carry sand (in)
        """,
        test="""
            catch the water that drips (with)
            mix plaster (in)
        """,
    ),
    "carry_many": Wording(
        train="""
            bring mushrooms home from the forest (in)
            carry plates and glasses (on)
            serve drinks to the guests (on)
            bring the groceries in (with)
            carry breakfast to bed (on)
            bring all the glasses at once (with)
            collect apples (in)
            carry several things at once (with)
            I cannot carry all of this in my hands.
        """,
        val="""
            carry the cups (with)
            collect mushrooms (in)
        """,
        test="""
            bring everything to the table at once (with)
            carry the laundry (in)
        """,
    ),
    "store": Wording(
        train="""
            keep my old letters (in)
            store some screws and buttons (in)
            hide small things (in)
            my desk is covered with small stuff.
            store small things (in)
            keep my socks (in)
            put away the buttons (in)
            tidy up these small parts (in)
            there is stuff all over the place.
        """,
        val="""
            keep letters (in)
            store some screws (in)
        """,
        test="""
            put away my toys (in)
            keep small stuff (in)
        """,
    ),
    "breakfast": Wording(
        train="""
            ~begin the morning with
            ~put on the table in the morning
            I get up and want breakfast.
            ~have for breakfast
            ~eat in the morning
            start the day (with)
            ~put on the breakfast table
            I have not had breakfast.
        """,
        val="""
            ~have in the morning
            ~eat for breakfast
        """,
        test="""
            ~have as my breakfast
            begin my morning (with)
        """,
    ),
    "omelette": Wording(
        train="""
            ~scramble in a hot pan
            bake a sponge cake (with)
            ~boil until it is hard
            ~beat with a whisk
            make an omelette (from)
            ~break into the pan
            ~boil for five minutes
            ~hide in the garden at Easter
            ~crack open on the rim of a bowl
        """,
        val="""
            ~scramble for breakfast
            ~crack into a bowl
        """,
        test="""
            ~break into a bowl
            bake a cake (with)
        """,
    ),
    "sandwich": Wording(
        train="""
            put together a snack for the trip (from)
            make lunch for a hike (from)
            fill a lunch box for school (with)
            make toast with melted cheese (from)
            pack lunch for school (with)
            make a sandwich (with)
            make a grilled cheese (from)
            ~bring to a picnic for sandwiches
            I would love a cheese sandwich.
        """,
        val="""
            ~put into a sandwich
            make a toast (with)
        """,
        test="""
            make sandwiches (from)
            prepare a cheese toast (with)
        """,
    ),
    "dessert": Wording(
        train="""
            ~snack on while I watch movies
            ~enjoy after a meal when I want sugar
            ~have with my coffee as a treat
            I want a sweet snack.
            ~eat as a dessert
            ~nibble when I crave sugar
            ~bring as a sweet treat
            ~give to a child with a sweet tooth
            I crave something sugary.
        """,
        val="""
            ~have as a dessert
            ~snack on at the movies
        """,
        test="""
            ~eat when I want sugar
            ~enjoy after dinner as a treat
        """,
    ),
    "sour_taste": Wording(
        train="""
            squeeze juice onto the salad (with)
            make my water taste sour (with)
            get sour juice (from)
            this salad needs something sour.
            ~squeeze over the fish
            make lemonade (from)
            ~put a sour slice of into my tea
            add something sour (with)
            the fish tastes better with something sour.
        """,
        val="""
            make sour juice (from)
            ~squeeze into the tea
        """,
        test="""
            ~squeeze over a salad
            make my drink sour (with)
        """,
    ),
    "toast": Wording(
        train="""
            ~lift to the bride and groom
            drink white wine (from)
            ~raise at a wedding
            the bride waits for the toast.
            raise a toast (with)
            drink wine (from)
            ~clink at a party
            sip champagne (from)
            we want to celebrate with wine.
        """,
        val="""
            drink champagne (from)
            clink glasses (with)
        """,
        test="""
            drink red wine (from)
            ~raise to the bride
        """,
    ),
    "bath": Wording(
        train="""
            ~take into the pool
            ~let swim in the warm tub
            ~squeeze in the bathtub until it squeaks
            ~watch as it floats in the bath
            ~let swim in the bathtub
            ~play with in the bath
            ~let float on the water
            ~give to a baby in the bath
            the baby is bored in the bathtub.
        """,
        val="""
            ~let float in the tub
            ~take along into the bath
        """,
        test="""
            ~let swim in the pool
            ~play with in the tub
        """,
    ),
    "cuddle": Wording(
        train="""
            ~take to bed when I am lonely
            ~hug for comfort
            ~give to a little one who is sad
            ~hold in my arms at night
            ~cuddle at night
            ~hug when I am sad
            ~give to a child that cannot sleep
            ~take to bed
            ~hold tight in the dark
            the child is afraid of the dark.
        """,
        val="""
            ~hug in bed
            ~cuddle when I am lonely
        """,
        test="""
            ~hug at night
            ~give to a sad child
            the little one needs comfort.
        """,
    ),
    "race": Wording(
        train="""
            ~push over the edge of the carpet
            ~drive along the street of a toy town
            ~let roll down a ramp
            ~roll across the room fast
            ~race across the floor
            ~push along a toy road
            ~drive through the sandbox
            ~park in a toy garage
            I want to race down the ramp.
        """,
        val="""
            ~drive along a toy street
            ~race down a ramp
        """,
        test="""
            ~push across the carpet
            ~race around the room
        """,
    ),
    "build": Wording(
        train="""
            make a bridge for toy trains (from)
            ~click onto another one like it
            build a wall for my toys (from)
            put together a toy tower (from)
            build a toy house (from)
            make a little castle (from)
            ~click together
            ~build with as a child
            I want to build a tiny tower.
        """,
        val="""
            build a toy wall (from)
            ~click onto another one
        """,
        test="""
            build a small castle (from)
            make a toy bridge (from)
        """,
    ),
    "stack": Wording(
        train="""
            ~put on top of each other by size
            ~give to a baby that learns sizes
            put the big ring first (on)
            stack rings (on)
            sort rings by size (with)
            teach a toddler big and small (with)
            ~take apart ring by ring
            the toddler wants to sort rings.
        """,
        val="""
            put rings (on)
            ~stack ring by ring
        """,
        test="""
            sort the rings (on)
            let a baby stack rings (on)
        """,
    ),
    "spin": Wording(
        train="""
            ~make spin as fast as I can
            ~turn on one point until it falls
            ~twirl across the table
            I want to see something spin.
            ~spin on its tip
            ~twirl between my fingers
            ~make dance on the floor
            ~whirl round and round
            I want to see a toy whirl.
        """,
        val="""
            ~twirl on the table
            ~spin very fast
        """,
        test="""
            ~whirl on one point
            ~spin until it falls over
        """,
    ),
    "bowl_at": Wording(
        train="""
            ~knock down with a rolling ball
            ~topple at the end of a lane
            ~roll a ball at
            something has to be knocked over.
            ~knock over with a ball
            ~set up at the end of the lane
            ~aim at with a ball
            ~topple with a strike
            I want to play skittles.
        """,
        val="""
            ~knock down with a ball
            ~aim my ball at
        """,
        test="""
            ~topple with a ball
            ~set up to be knocked over
        """,
    ),
}
