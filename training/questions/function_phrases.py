# SPDX-License-Identifier: Apache-2.0
"""Phrases for what people want to do, by function; the notation is explained in `wording`."""

from __future__ import annotations

from typing import Final

from .wording import Wording

FUNCTION_PHRASES: Final[dict[str, Wording]] = {
    # cutting
    "cut_paper": Wording(
        train="""
            cut this paper (with)
            cut out a paper star (with)
            trim this sheet (with)
            trim the edge of this sheet of paper (with)
            snip a thread (with)
            cut a piece of string (with)
            cut my hair (with)
            cut the ribbon on this gift (with)
            make a paper snowflake (with)
            cut along the dotted line (with)
            there is a loose thread on my shirt.
            my hair has grown too long.
            this sheet of paper is too wide.
            cut a coupon out of the newspaper (with)
            cut out a paper heart (with)
            cut this photo to size (with)
            trim my fringe (with)
            cut the thread off my shirt (with)
            snip off a stray thread (with)
            cut a star out of paper (with)
            cut wrapping paper to size (with)
            cut this sheet in half (with)
            trim the paper along the line (with)
            give myself a haircut (with)
            the edge of this paper is not straight.
            my fringe hangs into my eyes.
        """,
        val="""
            trim this piece of paper (with)
            cut off a loose thread (with)
        """,
        test="""
            trim my hair (with)
            cut this sheet of paper (with)
            snip the string (with)
            this thread is too long.
        """,
    ),
    "cut_anything": Wording(
        train="""
            cut something (with)
            cut this rope (with)
            cut the rope in two (with)
            cut through this plastic wrapping (with)
            cut open this plastic bag (with)
            cut a thick cord (with)
            cut this cloth into small pieces (with)
            cut the tag off my new shirt (with)
            this rope is too long.
            the cord must be cut in two.
            cut a rope (with)
            cut off a piece of cord (with)
            cut through the string around this bag (with)
            cut a plastic strap (with)
            cut this bag open (with)
            cut the label off (with)
            cut up some old cloth (with)
            shorten this rope (with)
            get through this thick rope (with)
            I cannot get this plastic tag off by hand.
            this bag of plastic does not open.
        """,
        val="""
            cut this cord in two (with)
            cut the plastic bag open (with)
        """,
        test="""
            cut a piece of rope (with)
            cut through a thick rope (with)
            cut this plastic tag off (with)
            this cord is too long.
        """,
    ),
    "slice_food": Wording(
        train="""
            slice some bread (with)
            cut a loaf of bread into slices (with)
            chop these onions (with)
            chop vegetables (with)
            slice a tomato (with)
            cut the meat into cubes (with)
            cut some cheese (with)
            carve the roast (with)
            I must chop an onion for dinner.
            the bread is not sliced yet.
            cut bread (with)
            slice this loaf (with)
            cut up an onion (with)
            chop some parsley (with)
            dice a pepper (with)
            slice a cucumber (with)
            cut the cheese into slices (with)
            cut a piece of meat (with)
            carve a chicken (with)
            cut the vegetables for dinner (with)
            the tomatoes are still whole and should be in slices.
            somebody has to chop the vegetables.
        """,
        val="""
            slice this cheese (with)
            chop a tomato (with)
        """,
        test="""
            slice an onion (with)
            chop the meat (with)
            cut this bread into slices (with)
            the meat is not sliced yet.
        """,
    ),
    "spread_butter": Wording(
        train="""
            spread butter on my toast (with)
            spread some jam on a slice of bread (with)
            butter a roll (with)
            put butter on this bread (with)
            spread cream cheese on a bagel (with)
            spread honey on toast (with)
            smear jam on a bagel (with)
            put some peanut butter on a sandwich (with)
            my toast needs butter.
            I like my bagel with jam all over.
            butter some toast (with)
            put jam on my roll (with)
            put honey on a slice of toast (with)
            put cream cheese on my toast (with)
            spread something on a bagel (with)
            smear butter on a roll (with)
            cover my bread with jam (with)
            make a peanut butter sandwich (with)
            the jam has to go on the bread.
            there is no butter on my bread yet.
        """,
        val="""
            spread jam on my toast (with)
            put cream cheese on a bagel (with)
        """,
        test="""
            butter my toast (with)
            spread peanut butter on bread (with)
            smear honey on a roll (with)
            my bagel needs butter.
        """,
    ),
    "open_parcel": Wording(
        train="""
            open this parcel (with)
            open an envelope (with)
            open the letter that came today (with)
            slit this envelope open (with)
            open the package from the post office (with)
            unwrap a parcel that is sealed (with)
            unpack a sealed package (with)
            slit open the seal of a parcel (with)
            this parcel is sealed and I cannot open it by hand.
            the package came today and I cannot get it open.
            open the mail (with)
            cut open a parcel (with)
            open this letter (with)
            get this package open (with)
            cut the seal of the package (with)
            slit the parcel open (with)
            open all these envelopes (with)
            get into this sealed package (with)
            unpack the parcel from my aunt (with)
            I want to know what is in this parcel.
        """,
        val="""
            open this package (with)
            slit the letter open (with)
        """,
        test="""
            open a sealed envelope (with)
            unpack this parcel (with)
            slit open a package (with)
            this envelope is sealed.
        """,
    ),
    # drinking and eating
    "drink": Wording(
        train="""
            drink [something] (from)
            drink [something] (out of)
            have a drink (from)
            drink some water (from)
            take a sip of water (from)
            sip a drink (from)
            quench my thirst (with)
            I am thirsty.
            I am so thirsty after that run.
            my throat is dry.
            my mouth is dry.
            drink cold water (out of)
            get a sip of something (from)
            have some water (from)
            have a sip of juice (from)
            drink my lemonade (from)
            have something to drink (from)
            wet my throat (with)
            I could do with a drink of water.
            I have been running and need to drink.
            it is hot today and I am thirsty.
        """,
        val="""
            sip water (from)
            my throat is very dry and I am thirsty.
        """,
        test="""
            take a drink (from)
            take a sip (from)
            drink a sip of water (from)
            I am very thirsty.
            my mouth is so dry.
        """,
    ),
    "hot_drink": Wording(
        train="""
            drink hot coffee (from)
            have my morning coffee (in)
            drink a hot chocolate (from)
            sip hot cocoa (from)
            drink tea (from)
            have an espresso (in)
            pour my coffee (into) [into something]
            drink cocoa with milk (from)
            I want a coffee.
            I am still sleepy and need coffee.
            the coffee is ready and I want some.
            drink my coffee (from)
            have a cup of tea (in)
            drink something hot (from)
            have cocoa (in)
            sip my espresso (from)
            have hot milk (in)
            pour myself a coffee (into) [into something]
            have a hot tea with milk (from)
            I would like a hot chocolate.
            I cannot start the day without coffee.
            my coffee is still in the machine.
        """,
        val="""
            sip hot coffee (from)
            have some hot tea (in)
        """,
        test="""
            drink my morning coffee (from)
            have a hot cocoa (in)
            sip hot chocolate (from)
            I am sleepy and want an espresso.
        """,
    ),
    "brew_tea": Wording(
        train="""
            brew tea (in)
            brew a pot of tea (in)
            pour tea for my guests (from)
            serve tea to my guests (from)
            make a whole pot of green tea (in)
            steep tea leaves (in)
            steep a tea bag for the guests (in)
            pour the tea (from)
            let the tea leaves steep (in)
            my guests would like some freshly brewed tea.
            the guests are here for a tea party.
            make tea (in)
            make some tea for my guests (in)
            keep the tea warm (in)
            serve hot tea to everyone (from)
            pour tea into the cups (from)
            pour everyone some tea (from)
            let the tea brew (in)
            make tea for a whole family (in)
            the tea leaves need hot water.
            everyone at the party wants tea.
            I will brew some tea for all of us.
        """,
        val="""
            brew green tea (in)
            pour tea at the party (from)
        """,
        test="""
            brew some tea leaves (in)
            steep a pot of tea (in)
            pour freshly brewed tea (from)
            the guests want a pot of tea.
        """,
    ),
    "metal_waste": Wording(
        train="""
            throw [something] into the metal recycling
            crush [something] before it goes into the metal recycling
            sort [something] into the bin for tin and aluminium
            stack [something] in a pyramid and knock it down
            throw [something empty] into the bin for tin
            crush [something] flat under my foot
            recycle [something] as tin or aluminium
            put [something] into the aluminium bin
            squash [something] flat for the recycling
            the metal recycling is collected today.
            the bin for tin and aluminium is still empty.
            put [something] out with the metal recycling
            recycle [something] with the metal
            sort [something] into the metal bin
            take [something] to the aluminium recycling
            squash [something] before I throw it away
            collect [something] for the tin recycling
            the bin for metal is collected tomorrow.
            I sort the aluminium out of my waste.
        """,
        val="""
            squash [something] for the metal recycling
            sort [something] into the aluminium bin
        """,
        test="""
            crush [something] flat for the metal recycling
            throw [something] into the bin for aluminium
            put [something] into the tin recycling
            the bin for metal recycling is still empty.
        """,
    ),
    "pantry": Wording(
        train="""
            keep [something] in the pantry for years
            store [something] in the pantry for months
            keep [something] for an emergency without a fridge
            put [something] on the pantry shelf for next year
            store [something that keeps] in the cellar for years
            keep [preserved food or drink] for months
            buy [preserved food or drink] at the supermarket for the pantry
            keep [something] sealed on a pantry shelf
            the pantry shelf is empty and I want something that keeps for years.
            we need preserved food or drink for an emergency.
            stock up the pantry (with)
            store [preserved food or drink] for an emergency
            have [something sealed] in the pantry for years
            fill the pantry shelf (with)
            keep [something sealed] for months
            keep [something that lasts] without a fridge
            I want to be prepared for an emergency and fill the pantry.
            the cellar has room for preserved food.
        """,
        val="""
            store [something] in the cellar for an emergency
            the pantry is empty and I want something that keeps for months.
        """,
        test="""
            keep [something] in the cellar for months
            store [preserved food or drink] for years
            put [something] on the pantry shelf for an emergency
            we need something preserved that keeps for years.
        """,
    ),
    "carry_water": Wording(
        train="""
            carry water on a hike (in)
            take water along on a hike (in)
            carry my water to the gym (in)
            fill [something] with water for the hike
            take something to drink on a long bike ride (in)
            keep water in my backpack without a spill (in)
            carry lemonade in my backpack (in)
            keep juice for the trip without a spill (in)
            I am going on a long hike and want water with me.
            I need water for the bike ride.
            carry something to drink (in)
            have water with me on a hike (in)
            bring water to the gym (in)
            take juice on a trip (in)
            fill [something] up before a bike ride
            carry juice in my bag without a spill (in)
            keep lemonade closed on the way (in)
            take a drink along to school (in)
            I am off to the gym and want water with me.
            we need something to drink on the trip.
        """,
        val="""
            carry water in my backpack (in)
            take water along to the gym (in)
        """,
        test="""
            carry water on a long bike ride (in)
            take lemonade along on the trip (in)
            keep water with me at the gym (in)
            I want water with me on the bike.
        """,
    ),
    "hold_liquid": Wording(
        train="""
            fill [something] with water
            pour water (into) [into something]
            pour some milk (into) [into something]
            hold a little liquid (in)
            keep some juice (in)
            put a liquid (into) [into something]
            carry a bit of water from the tap (in)
            catch the water that drips from the tap (in)
            pour liquid (into) [into something]
            the tap drips and I want to catch the water.
            fill up [something] at the tap
            put some water (into) [into something]
            put milk (into) [into something]
            keep a bit of milk (in)
            carry some water (in)
            carry milk to the table (in)
            catch a drip (in)
            collect water from the tap (in)
            the tap drips.
            I need to put this liquid somewhere.
        """,
        val="""
            pour juice (into) [into something]
            catch a little liquid (in)
        """,
        test="""
            pour a bit of liquid (into) [into something]
            fill [something] with milk
            hold some water from the tap (in)
            carry a little milk (in)
        """,
    ),
    "hold_flowers": Wording(
        train="""
            put a flower (in) [in water]
            put this rose (in) [in water]
            use [something] as a vase
            use [something] as a vase for one flower
            keep a single rose (in) [in water]
            stand a long flower (in) [in water]
            put tulips (in) [in water]
            stand a tulip upright (in) [in water]
            this rose needs a vase.
            my flowers will wilt without water.
            put a single flower (in) [in water]
            stand a rose (in) [in water]
            keep a tulip fresh (in) [in water]
            give a flower some water (in)
            keep this tulip upright (in) [in water]
            make a vase (out of)
            I was given a rose and have no vase.
            this flower needs water or it will wilt.
        """,
        val="""
            stand a rose upright (in) [in water]
            use [something] as a vase for a tulip
        """,
        test="""
            put a single tulip (in) [in water]
            keep this flower (in) [in water]
            use [something] as a vase for a rose
            the tulips need a vase.
        """,
    ),
    "eat": Wording(
        train="""
            eat [something]
            have [something] as a snack
            have [something] for lunch
            bite into [something tasty]
            eat [something healthy] as a healthy snack
            eat [something] between meals
            snack on [something]
            eat [something] right now
            I am hungry.
            my stomach is growling.
            I have not had lunch and my stomach is empty.
            I feel like a snack.
            take a bite (of)
            bite [something]
            have [something] between two meals
            munch on [something]
            nibble on [something]
            I want a snack.
            I could eat something now.
            I skipped lunch.
            my stomach is empty.
        """,
        val="""
            eat [something] for lunch
            my stomach is empty and I feel like a snack.
        """,
        test="""
            eat [something] as a snack
            have [something] between meals
            bite into [something] for a snack
            I am so hungry right now.
            my empty stomach is growling.
        """,
    ),
    "fruit_salad": Wording(
        train="""
            put [fruit] into a fruit salad
            add [something] to a fruit salad
            use [something] for a fruit salad
            use [something] for a fruit smoothie
            blend [fruit] into a smoothie
            put [fruit] into the blender for a smoothie
            add [something fruity] to my morning smoothie
            use [something] as a fruity topping for yogurt
            the smoothie is missing some fruit.
            the fruit salad is not big enough.
            cut up [fruit] for a fruit salad
            make a fruit salad (with)
            make a smoothie (with)
            put [something fruity] into my yogurt
            put [some fruit] on my cereal
            blend [something] for a fruit smoothie
            put [a fruit] in the blender
            mix [some fruit] into a salad
            have [fruit] on top of my yogurt
            the fruit salad needs some more.
            I am making a smoothie.
            the blender is ready for the fruit.
        """,
        val="""
            add [fruit] to a smoothie
            the fruit salad is missing something.
        """,
        test="""
            put [something] into the fruit salad
            blend [something fruity] for a smoothie
            use [something] for a fruity smoothie
            the blender is ready for some fruit.
        """,
    ),
    "squeeze_juice": Wording(
        train="""
            squeeze [something] for fresh juice
            squeeze [something] for a glass of juice
            make fresh juice (from)
            press citrus juice (from)
            press [a citrus fruit] for juice
            squeeze [a citrus fruit]
            get some vitamin c (from)
            make a glass of juice (from)
            I would love a glass of freshly squeezed juice.
            I have a cold and need vitamin c from citrus fruit.
            get juice (out of)
            make juice (from)
            press [something] for a glass of citrus juice
            squeeze the juice (out of)
            have fresh citrus juice (from)
            get vitamin c against a cold (from)
            squeeze [a citrus fruit] for breakfast
            press fresh juice (from)
            make citrus juice for breakfast (from)
            I want fresh juice for breakfast.
            citrus fruit would be good for my cold.
        """,
        val="""
            squeeze [something] for citrus juice
            I would love fresh citrus juice.
        """,
        test="""
            press [something] for a glass of fresh juice
            make citrus juice (from)
            press [a citrus fruit] for fresh juice
            I would love some citrus juice.
        """,
    ),
    "feed_horse": Wording(
        train="""
            feed [something] to a horse
            give [something] to the horse
            give [a treat] to the pony as a treat
            feed [something] to the ponies
            bring [something] to the stable for the horses
            treat the horse (with)
            reward my pony (with)
            offer [something] to the pony
            the horse in the stable is hungry.
            my pony did well and gets a treat.
            give [something] to a pony
            feed the horse (with)
            feed my pony (with)
            take [something] to the stable
            let the horse eat [something]
            hold out [something] to the pony
            give [something] to a hungry horse
            hand [something] to the horse as a treat
            bring [a treat] to the ponies
            I want to give the horse a treat.
            the ponies wait for a treat in the stable.
        """,
        val="""
            give [something] to the pony
            reward the horse (with)
        """,
        test="""
            feed [something] to my pony
            offer [a treat] to the horse as a treat
            give [something] to the ponies in the stable
            the pony in the stable is hungry.
        """,
    ),
    "feed_rabbit": Wording(
        train="""
            feed [something] to a rabbit
            give [something] to the bunny
            put [something] in the rabbit cage as food
            feed [something] to my pet rabbit
            use [something] as the nose of a snowman
            give [something] to the snowman as a nose
            let the bunny nibble on [something]
            feed [something] to the bunnies
            my pet rabbit is hungry.
            the snowman still has no nose.
            feed the bunny (with)
            give [something] to my rabbit
            put [something] in the cage of my rabbit
            feed a pet rabbit (with)
            give the snowman a nose (with)
            make a nose for the snowman (with)
            let my rabbit eat [something]
            treat the bunny (with)
            give [something] to the rabbits to nibble
            we have built a snowman without a nose.
        """,
        val="""
            give [something] to a rabbit
            the bunny is hungry.
        """,
        test="""
            feed [something] to the bunny
            let my rabbit nibble on [something]
            use [something] as a nose for the snowman
            the bunny in the cage is hungry.
        """,
    ),
    "vegetable_stew": Wording(
        train="""
            put [a vegetable] into the stew
            add [a vegetable] to the soup
            cook [a vegetable] in the soup
            cook [a vegetable] in a stew
            grate [a vegetable] for a salad
            dip [a raw vegetable] into hummus
            boil [a vegetable] for the soup
            grate [a raw vegetable] for the salad
            the stew is missing a vegetable.
            I would like to eat more vegetables.
            cook [a vegetable] for dinner
            put [a raw vegetable] into a salad
            grate [something] into the salad
            boil [a vegetable]
            make a vegetable soup (with)
            make a stew (with)
            dip [something raw] into hummus
            put [a vegetable] into the pot
            cook a vegetable stew (with)
            the soup needs a vegetable.
            there is no vegetable in the salad yet.
        """,
        val="""
            boil [a vegetable] for the stew
            the soup is missing a vegetable.
        """,
        test="""
            add [a vegetable] to the stew
            grate [a raw vegetable] for the soup
            cook [a vegetable] for the salad
            the stew could use more vegetables.
        """,
    ),
    "feed_monkey": Wording(
        train="""
            give [something] to a monkey
            feed [something] to the monkey
            throw [something] to the monkeys as food
            mash [something] for the baby
            mash [something soft] as baby food
            bake [something] into a sweet bread
            feed [something soft] to a baby without teeth
            offer [something] to the monkeys at the zoo
            the monkey at the zoo is hungry.
            the baby can only eat soft fruit.
            feed a monkey (with)
            hand [something] to the monkeys
            throw [something] to a monkey at the zoo
            give the monkeys [something] to eat
            mash [something] for a baby without teeth
            make soft food for the baby (from)
            bake a sweet bread (with)
            feed the baby (with)
            mash [a soft fruit]
            the monkeys are hungry and wait.
            the baby has no teeth yet and wants fruit.
        """,
        val="""
            offer [something] to a monkey
            the monkeys are hungry.
        """,
        test="""
            feed [something] to the monkeys at the zoo
            mash [something soft] for my baby
            give [something] to the monkeys
            the monkeys at the zoo want food.
        """,
    ),
    "eat_soup": Wording(
        train="""
            eat soup (with)
            eat this hot soup (with)
            scoop ice cream (with)
            eat my yogurt (with)
            eat pudding (with)
            taste the broth (with)
            eat a dessert like pudding (with)
            scoop some sugar (with)
            my soup is getting cold.
            I want to taste the soup.
            have some soup (with)
            scoop pudding (with)
            eat yogurt out of a bowl (with)
            taste the sauce (with)
            eat my pudding (with)
            sip hot broth (with)
            take a scoop of sugar (with)
            eat a bowl of broth (with)
            I cannot eat this soup with my hands.
            the ice cream is melting and I want to eat it.
            my yogurt is waiting.
        """,
        val="""
            eat ice cream (with)
            taste this hot soup (with)
        """,
        test="""
            eat the broth (with)
            taste my pudding (with)
            scoop up some yogurt (with)
            my broth is getting cold.
        """,
    ),
    "stir": Wording(
        train="""
            stir my tea (with)
            stir my coffee (with)
            stir sugar into my coffee (with)
            stir the milk into the tea (with)
            stir this sauce (with)
            stir the porridge (with)
            stir a hot drink (with)
            stir some honey into hot milk (with)
            the sugar sits at the bottom of my tea.
            the sauce must be stirred.
            stir the tea (with)
            stir some sugar into the tea (with)
            stir the soup (with)
            stir a sauce in the pot (with)
            stir the hot porridge (with)
            mix the sugar into my coffee (with)
            stir a hot chocolate (with)
            the honey sticks to the bottom of my cup.
            the porridge must not burn and has to be stirred.
        """,
        val="""
            stir the coffee (with)
            stir some sugar into this tea (with)
        """,
        test="""
            stir the hot sauce (with)
            stir honey into my tea (with)
            stir milk into my coffee (with)
            the porridge must be stirred.
        """,
    ),
    "eat_pasta": Wording(
        train="""
            eat pasta (with)
            eat spaghetti (with)
            twirl noodles (with)
            twirl my spaghetti (with)
            eat this salad (with)
            poke a piece of potato (with)
            pick up a bite of steak (with)
            eat noodles (with)
            my spaghetti is on the table and I cannot eat it by hand.
            the pasta is ready to be eaten.
            eat a plate of spaghetti (with)
            eat some noodles (with)
            pick up a noodle (with)
            poke a potato (with)
            eat a salad (with)
            eat potatoes (with)
            take a bite of pasta (with)
            hold the steak while I cut it (with)
            the noodles are ready.
            I have a salad and nothing to eat it with.
        """,
        val="""
            twirl pasta (with)
            pick up a bite of salad (with)
        """,
        test="""
            eat my noodles (with)
            twirl the spaghetti (with)
            poke a bite of potato (with)
            the spaghetti is ready to be eaten.
        """,
    ),
    "serve_on": Wording(
        train="""
            put my sandwich (on) [on something]
            serve dinner (on)
            put a slice of cake (on) [on something]
            serve pizza (on)
            eat a sandwich (off)
            put some cookies (on) [on something]
            serve a steak (on)
            eat pancakes (off)
            lay a slice of pizza (on) [on something]
            the pancakes are ready to be served.
            my sandwich should not lie on the bare table.
            put a steak (on) [on something]
            eat my dinner (off)
            serve cake (on)
            eat a pizza (off)
            put my toast (on) [on something]
            lay some cookies (on) [on something]
            serve pancakes to the kids (on)
            eat a slice of cake (off)
            have my steak (on)
            the steak is done and must be served.
            the cake is cut and each guest gets a slice.
        """,
        val="""
            serve a slice of pizza (on)
            put my pancakes (on) [on something]
        """,
        test="""
            serve a sandwich (on)
            lay a slice of cake (on) [on something]
            put the steak (on) [on something]
            the cookies should not lie on the bare table.
        """,
    ),
    "serve_cereal": Wording(
        train="""
            have cereal with milk (in)
            eat my cereal (out of)
            serve soup (in)
            mix eggs and flour (in)
            toss a salad (in)
            mix the dough (in)
            have oatmeal for breakfast (in)
            ladle soup (into) [into something]
            I want cereal for breakfast.
            the dough has to be mixed.
            the soup is cooked and can be ladled out.
            eat cereal (out of)
            have my oatmeal (in)
            pour cereal and milk (into) [into something]
            serve a salad (in)
            mix a salad (in)
            mix dough for a cake (in)
            beat some eggs (in)
            eat oatmeal (out of)
            serve the hot soup (in)
            ladle the hot soup (into) [into something]
            I would like cereal with milk.
            the eggs and the flour have to be mixed.
        """,
        val="""
            have oatmeal with milk (in)
            mix the salad (in)
        """,
        test="""
            serve oatmeal (in)
            mix flour and milk (in)
            have my breakfast cereal (in)
            I want oatmeal for breakfast.
        """,
    ),
    "set_table": Wording(
        train="""
            set the table (with)
            lay the table for dinner (with)
            put [something] on the table for a dinner party
            put [something] next to the food when we have guests for dinner
            lay [something] out for guests at dinner
            set [something] out for a family meal
            place [something] on the dinner table before the meal
            ~use to set the dining table
            dinner is ready but the table is not set.
            the family is coming and the dining table is bare.
            set the dinner table (with)
            put [something] on the dining table
            lay [something] on the table for the family
            set [something] at each place for dinner
            prepare the table for guests (with)
            put [something] out for the family dinner
            place [something] on the table before dinner
            ~find on a table that is set for dinner
            guests are coming to dinner and the table is bare.
            the dining table must be set before the meal.
        """,
        val="""
            set the dining table (with)
            lay [something] out for a family dinner
        """,
        test="""
            lay the dining table (with)
            set [something] out for the dinner guests
            place [something] on the table for a family meal
            the guests are coming but the table is not set.
        """,
    ),
    "wash_dishes": Wording(
        train="""
            ~put in the dishwasher
            ~wash after dinner
            ~rinse after the meal
            ~load into the dishwasher
            ~wash with dish soap
            ~wash up after dinner
            ~put in the sink after dinner
            ~clean with dish soap after dinner
            ~stack in the dishwasher after the meal
            ~wash up by hand after dinner
            ~clear away and wash up after a meal
            ~wash in the sink
            ~clean after dinner
            ~put into the dishwasher after the meal
            ~rinse in the sink
            ~wash up by hand
            ~clean with dish soap
            ~stack in the sink
            ~clear from the table after dinner
            ~rinse before it goes into the dishwasher
            ~take out of the dishwasher
        """,
        val="""
            ~wash in the sink after the meal
            ~load into the dishwasher after dinner
        """,
        test="""
            ~wash with dish soap after the meal
            ~put in the dishwasher after dinner
            ~rinse in the sink after dinner
            ~clear away and wash after dinner
        """,
    ),
    # paper and phone
    "write": Wording(
        train="""
            write (with)
            write a note (with)
            write down my shopping list (with)
            write my name (with)
            sign a letter (with)
            jot down an idea (with)
            take notes in class (with)
            fill in this form (with)
            solve a crossword puzzle (with)
            I have an idea that I must not forget.
            I need to leave a note for my wife.
            write something down (with)
            note down a number (with)
            write in my diary (with)
            make a list (with)
            sign this form (with)
            write my name on a form (with)
            do my homework (with)
            leave a note (with)
            I need to write something down.
            my shopping list is not written yet.
        """,
        val="""
            write down an idea (with)
            jot down a note (with)
        """,
        test="""
            write a letter (with)
            jot down my shopping list (with)
            fill in a crossword (with)
            I must leave a note.
        """,
    ),
    "draw": Wording(
        train="""
            draw (with)
            draw a picture (with)
            sketch a house (with)
            draw a straight line (with)
            sketch my cat (with)
            shade in a drawing (with)
            draw a portrait (with)
            make a sketch (with)
            doodle on paper (with)
            I feel like drawing.
            my sketch is not finished.
            sketch something (with)
            shade my sketch (with)
            draw lines on paper (with)
            doodle in my notebook (with)
            draw a plan of the house (with)
            I want to make a sketch.
            my drawing has no shading yet.
        """,
        val="""
            draw a cat (with)
            make a drawing (with)
        """,
        test="""
            sketch a portrait (with)
            draw a house (with)
            doodle a picture (with)
            my drawing is not finished.
        """,
    ),
    "read": Wording(
        train="""
            read [a story]
            read [something] before bed
            read [a bedtime story] to my kids
            read [something] on the train
            enjoy a good story (in)
            read [something] in my armchair
            borrow [something to read] from the library
            read [a novel] on a rainy day
            I would like a good story.
            I am bored and want to read.
            the kids want a bedtime story.
            read [a book]
            read [something] in bed
            read [a good story]
            read [a story] to the children
            read [something] to my kids
            read [a chapter] before I sleep
            enjoy [a novel] in my armchair
            have [something to read] on the train
            borrow [a novel]
            read [something] on a long trip
            I want to read something.
            it is a rainy day and I want a good story.
        """,
        val="""
            read [a story] to the kids
            read [something] on a rainy day in bed
        """,
        test="""
            read [something] to my kids before bed
            enjoy a bedtime story (in)
            read [something] from the library
            I want to read a good story.
        """,
    ),
    "study": Wording(
        train="""
            study (from)
            learn about history (from)
            study for my exam (with)
            look up a chapter (in)
            study a chapter (in)
            learn a language (from)
            prepare for the exam (with)
            put [something] back on the bookshelf
            place [something] in a bookcase
            press a flower flat between two pages (of)
            the exam is tomorrow.
            there is a gap on my bookshelf.
            prepare for my exam (with)
            learn a new language (from)
            read a chapter for the exam (in)
            learn [something] for school
            look up [something] about history (in)
            fill the gap on my bookshelf (with)
            press flowers (in)
            press a leaf between two pages (of)
            I have to study for tomorrow.
            my exam is soon and I know nothing yet.
        """,
        val="""
            study history (from)
            put [something] into the bookcase
        """,
        test="""
            learn for the exam (with)
            study a language (from)
            place [something] on the bookshelf
            my history exam is tomorrow.
        """,
    ),
    "call": Wording(
        train="""
            call my mother (with)
            make a call (with)
            call a friend (on)
            ring my boss (with)
            send a text message (with)
            text my friend (with)
            call an ambulance (with)
            dial a number (on)
            talk to someone far away (with)
            I must call my boss.
            my friend is waiting for a message.
            someone is hurt and needs an ambulance.
            call somebody (with)
            ring my mother (with)
            phone a friend (with)
            make a call to my boss (with)
            dial the number of my friend (on)
            talk to my mother (with)
            send my mother a text (with)
            call for help (with)
            text somebody (with)
            reach my friend who is far away (with)
            I must ring a friend.
            there was an accident and we need an ambulance.
        """,
        val="""
            call someone far away (with)
            send a message to my boss (with)
        """,
        test="""
            call my friend (with)
            text my mother (with)
            dial the number of my boss (on)
            my mother is waiting for a call.
        """,
    ),
    "take_photo": Wording(
        train="""
            take a photo (with)
            take a picture of us (with)
            take a selfie (with)
            film a short video (with)
            record a video (with)
            snap a photo (with)
            photograph my cat (with)
            watch videos (on)
            what a view, I want a photo of it.
            I want to record this moment.
            photograph something (with)
            take a photo of my cat (with)
            take pictures (with)
            film my kids (with)
            record a short film (with)
            get a picture of this view (with)
            take a selfie with my friends (with)
            snap a picture (with)
            watch a video (on)
            this view is so nice that I want a picture.
            I want a photo of all of us.
        """,
        val="""
            take a video (with)
            snap a picture of the view (with)
        """,
        test="""
            photograph the view (with)
            record a short video (with)
            take a photo of us (with)
            I want a photo of this moment.
        """,
    ),
    "look_up": Wording(
        train="""
            look up the weather (with)
            search the internet (with)
            go online (with)
            check my email (on)
            check the weather online (with)
            set an alarm (on)
            use [something] as an alarm clock
            find the way with a map app (on)
            order pizza online (with)
            I wonder what the weather will be.
            I must get up early and need an alarm.
            I am lost and need a map app.
            look something up (on)
            look up a word (on)
            search for something online (with)
            read my email (on)
            find the way home (with)
            see the map (on)
            order something online (with)
            set the alarm for tomorrow (on)
            get on the internet (with)
            I do not know the way and need a map.
            I need to check something online.
            I must not sleep too long tomorrow and need an alarm.
        """,
        val="""
            check the internet (with)
            look up my email (on)
        """,
        test="""
            search online (with)
            check the weather (on)
            set the alarm clock (on)
            I am lost and must find the way.
        """,
    ),
    # tools
    "drive_nail": Wording(
        train="""
            hit a nail (with)
            drive a nail into the wall (with)
            pound nails (with)
            hammer a nail into wood (with)
            pull out a bent nail (with)
            nail two boards together (with)
            knock a nail into the board (with)
            bang in a nail (with)
            this nail sticks out of the board.
            the nails are not all the way in.
            hit nails (with)
            hammer nails into a board (with)
            drive a nail into a board (with)
            knock nails into the wall (with)
            pull nails out of a board (with)
            nail a board to the wall (with)
            nail something to the wall (with)
            bang a nail into wood (with)
            there is a nail that is not all the way in.
            I want to nail these boards together.
        """,
        val="""
            knock in a nail (with)
            pound a nail into the wall (with)
        """,
        test="""
            drive nails into a board (with)
            bang a nail into the wood (with)
            pull a nail out of the wall (with)
            a nail sticks out of the wall.
        """,
    ),
    "smash": Wording(
        train="""
            smash a rock (with)
            break this stone into pieces (with)
            smash the ice (with)
            smash an old brick (with)
            knock down a thin wall (with)
            break up the bricks (with)
            crush some ice (with)
            break open a coconut (with)
            the ice is too thick and must be broken up.
            this stone must be smashed.
            smash something hard (with)
            break a rock (with)
            smash stones (with)
            break a brick in two (with)
            smash a wall (with)
            knock down a brick wall (with)
            crack a coconut (with)
            break up a thick layer of ice (with)
            this rock is too big and has to be broken.
            the old wall must come down.
        """,
        val="""
            smash this brick into pieces (with)
            break up the ice (with)
        """,
        test="""
            crush a stone (with)
            smash a coconut (with)
            break this brick (with)
            the rock must be broken up.
        """,
    ),
    "turn_screw": Wording(
        train="""
            tighten this screw (with)
            turn a screw (with)
            loosen the screws (with)
            screw this shelf to the wall (with)
            unscrew the cover (with)
            drive a screw into wood (with)
            remove the small screws (with)
            take out four screws (with)
            this screw is loose.
            the screws of this shelf are not tight.
            turn screws (with)
            screw something to the wall (with)
            take out the screws (with)
            drive in a screw (with)
            loosen a small screw (with)
            tighten the screws of the cover (with)
            unscrew something (with)
            remove a screw from the cover (with)
            put a screw into the wall (with)
            fix a loose screw (with)
            these screws must come out.
            the cover is held by four screws.
        """,
        val="""
            loosen this small screw (with)
            the screw is not tight.
        """,
        test="""
            tighten the screws (with)
            unscrew the shelf (with)
            remove a screw from the wall (with)
            the screws are loose.
        """,
    ),
    "assemble": Wording(
        train="""
            put together my new furniture (with)
            assemble a chair (with)
            assemble the new cabinet (with)
            open the battery cover of a toy (with)
            open the back of a computer (with)
            take a computer apart (with)
            fix a wobbly door handle (with)
            put together a cabinet (with)
            the door handle is wobbly.
            my new furniture came in pieces.
            assemble some furniture (with)
            put a chair together (with)
            put together a new shelf (with)
            assemble a cabinet (with)
            take my computer apart (with)
            open a computer (with)
            change the battery of a toy with a screwed cover (with)
            fix the door handle (with)
            get the cover off a toy (with)
            build up the new cabinet (with)
            the new cabinet must be put together.
            this chair came in pieces.
        """,
        val="""
            assemble my new furniture (with)
            take the cabinet apart (with)
        """,
        test="""
            assemble the furniture (with)
            put together a wobbly chair (with)
            open the cover of a computer (with)
            the handle of the cabinet is wobbly.
        """,
    ),
    "turn_bolt": Wording(
        train="""
            tighten this bolt (with)
            turn a nut (with)
            loosen a bolt (with)
            loosen the nuts of a wheel (with)
            change a wheel of the car (with)
            take the wheel off my bike (with)
            remove the bolts (with)
            grip a hexagonal nut (with)
            this bolt is loose.
            the nut on my bike wheel is not tight.
            turn bolts (with)
            loosen a nut (with)
            tighten the nut on a bolt (with)
            tighten the bolts of a wheel (with)
            remove a nut (with)
            take off a car wheel (with)
            change the wheel of my bike (with)
            grip a bolt (with)
            turn a hexagonal bolt (with)
            get this bolt loose (with)
            these nuts must be tightened.
            the wheel is held by bolts.
        """,
        val="""
            loosen this nut (with)
            the bolt is not tight.
        """,
        test="""
            tighten the nuts (with)
            remove a hexagonal bolt (with)
            take off the nuts of a wheel (with)
            the bolts on my bike are loose.
        """,
    ),
    "fix_pipe": Wording(
        train="""
            fix a leaky pipe (with)
            tighten a pipe under the sink (with)
            connect two water pipes (with)
            repair the plumbing (with)
            stop a leak under the sink (with)
            help the plumber (with)
            loosen the pipe fitting (with)
            do some plumbing work (with)
            the pipe under the sink leaks.
            the plumber is here to fix the sink.
            repair a pipe (with)
            tighten the pipe fitting (with)
            repair a leak (with)
            fix a leak in the pipe (with)
            connect a pipe under the sink (with)
            do the work of a plumber (with)
            work on the water pipes (with)
            loosen a water pipe (with)
            water leaks from a pipe.
            there is a leak in the plumbing.
            the pipe fitting is loose.
        """,
        val="""
            fix the plumbing (with)
            the pipe is leaky.
        """,
        test="""
            repair a leaky pipe (with)
            connect the pipes under the sink (with)
            fix a leak in a pipe (with)
            the plumbing leaks.
        """,
    ),
    "repair": Wording(
        train="""
            repair something (with)
            fix broken things (with)
            do repair work around the house (with)
            work on my car in the garage (with)
            build a tree house (with)
            build a bird house (with)
            do some handy work in the garage (with)
            do repairs in my workshop (with)
            many things in this house are broken and must be repaired.
            a mechanic is coming to do some repairs.
            repair a broken thing (with)
            fix things around the house (with)
            do repairs in the garage (with)
            fix my car (with)
            work in my workshop (with)
            do some repair work (with)
            build something out of wood (with)
            repair my car (with)
            do handy work around the house (with)
            fix something broken in the workshop (with)
            something is broken and I want to repair it.
            a lot of things have to be repaired in this house.
        """,
        val="""
            fix things in the workshop (with)
            do repairs around the house (with)
        """,
        test="""
            repair broken things (with)
            build something in my workshop (with)
            do some repair work in the garage (with)
            things in the garage are broken and must be repaired.
        """,
    ),
    "stick": Wording(
        train="""
            stick this poster to the wall (with)
            stick two sheets together (with)
            seal an envelope (with)
            mend a torn page (with)
            fasten a note to the fridge (with)
            put up a poster (with)
            repair a torn map (with)
            glue this photo to a card (with)
            this page is torn.
            the poster fell off the wall.
            stick something to the wall (with)
            stick two pieces of paper together (with)
            mend this torn page (with)
            put a poster on the wall (with)
            stick a photo into an album (with)
            close an envelope (with)
            fix a torn sheet (with)
            repair a torn page (with)
            this poster must stick to the wall.
            I have torn a page by accident.
        """,
        val="""
            stick a torn map together (with)
            mend this torn poster (with)
        """,
        test="""
            fasten a poster to the wall (with)
            stick a note to the wall (with)
            mend the torn sheets (with)
            my map is torn.
        """,
    ),
    "wrap_gift": Wording(
        train="""
            wrap a gift (with)
            wrap up a birthday present (with)
            seal the wrapping of a present (with)
            close up a parcel so that it holds (with)
            keep gift wrapping in place (with)
            hold the wrapping paper in place (with)
            fasten wrapping paper around a present (with)
            seal a parcel (with)
            the birthday gift is not wrapped yet.
            the wrapping paper does not hold.
            wrap something up for a birthday (with)
            wrap this gift for my friend (with)
            close the wrapping of a gift (with)
            hold gift wrapping together (with)
            fasten the wrapping (with)
            seal up a box for the mail (with)
            close a parcel (with)
            seal a birthday present (with)
            the present must be wrapped before the birthday.
            the parcel has to be closed so that it holds.
        """,
        val="""
            wrap up a gift (with)
            the wrapping of the present does not hold.
        """,
        test="""
            wrap a present (with)
            fasten the gift wrapping (with)
            seal up this parcel (with)
            the present is not wrapped yet.
        """,
    ),
    # light
    "see_in_dark": Wording(
        train="""
            see in the dark (with)
            light my way at night (with)
            look under the dark bed (with)
            shine into a dark corner (with)
            search the dark basement (with)
            find my way through the woods at night (with)
            point a beam of light into the attic (with)
            look around in a dark cave (with)
            it is dark outside and I cannot see the path.
            it is so dark in the basement.
            see something at night (with)
            light up a dark corner (with)
            look into a dark cave (with)
            look for my cat at night (with)
            shine into the attic (with)
            shine a light under the bed (with)
            walk through the dark woods (with)
            point a beam into the dark (with)
            search the attic in the dark (with)
            I am going into a dark basement.
            it is night and I must go outside.
        """,
        val="""
            shine into a dark cave (with)
            it is dark in the attic.
        """,
        test="""
            look around the dark attic (with)
            find my way in the dark (with)
            light the path at night (with)
            I cannot see a thing in the dark basement.
        """,
    ),
    "give_light": Wording(
        train="""
            get some light (from)
            light up the room when the power is out (with)
            make it brighter in here (with)
            use [something] as a light
            have light during a power cut (with)
            give light when the lamp is broken (with)
            use [something] when the electricity is gone
            brighten the room (with)
            the power is out and I cannot see.
            the electricity is gone.
            my lamp is broken and the room is dark.
            light the room (with)
            have some light (from)
            get light in a power cut (from)
            see something when the power is out (with)
            have [something] ready for a power cut
            use [something] when the lamp is broken
            make light (with)
            make the room brighter (with)
            get light without electricity (from)
            there is no electricity and I need light.
            the lamp in this room does not work.
        """,
        val="""
            light up the room (with)
            the power is out.
        """,
        test="""
            brighten up the room when the electricity is gone (with)
            use [something] as a lamp
            have some light when the power is gone (with)
            the lamp is broken.
        """,
    ),
    "cosy_mood": Wording(
        train="""
            make the room cosy (with)
            set a romantic mood (with)
            light [something] with a match
            burn [something] on a cosy evening
            make dinner romantic (with)
            light [something] for a romantic dinner
            ~watch the flame of
            light [something] in the evening
            I want a romantic evening with my wife.
            this evening should be cosy and warm.
            have a cosy evening (with)
            have a romantic dinner (with)
            make a romantic mood (with)
            light [something] at dinner
            light [something] on a cosy evening
            make the evening cosy (with)
            watch [the flame of something] in the evening
            burn [something] at a romantic dinner
            the dinner should be romantic.
            I want it warm and cosy tonight.
        """,
        val="""
            set a cosy mood for the evening (with)
            light [something] for a cosy evening
        """,
        test="""
            make the evening romantic (with)
            light [something] with a match for a cosy mood
            set a romantic mood for dinner (with)
            dinner should be romantic.
        """,
    ),
    "birthday": Wording(
        train="""
            put [something] on top of a birthday cake
            blow out [something] and make a wish
            blow out [something] on my birthday
            light [something] on the birthday cake
            make a birthday wish (over)
            place [something] on a cake for each year
            light [something] on top of the cake
            blow out [something] on the cake
            it is my birthday and I want to make a wish.
            the birthday cake looks bare on top.
            put [something] on the birthday cake
            decorate a birthday cake (with)
            blow out [something] at a birthday party
            light [something] for my birthday
            stick [something] into the cake
            celebrate a birthday on a cake (with)
            place [something] on top of the cake
            the cake for the birthday is not decorated yet.
            I turn ten today and want to make a wish.
        """,
        val="""
            blow out [something] on top of a cake
            put [something] on a birthday cake
        """,
        test="""
            light [something] on my birthday cake
            blow out [something] for a birthday wish
            place [something] on top of a birthday cake
            the cake for my birthday looks bare.
        """,
    ),
    # doors, body, play, storage
    "unlock": Wording(
        train="""
            unlock the door (with)
            open the front door (with)
            lock the door when I go (with)
            open this lock (with)
            get into my house (with)
            unlock my bike (with)
            lock up the house (with)
            open a padlock (with)
            I am locked out.
            the front door is locked.
            this padlock does not open.
            open a lock (with)
            unlock my house (with)
            open my front door (with)
            lock my bike (with)
            get through a locked door (with)
            get in when the door is locked (with)
            open the padlock on the gate (with)
            unlock this padlock (with)
            close up the house for the night (with)
            the door is locked and I want to get in.
            my bike is locked.
        """,
        val="""
            unlock a padlock (with)
            lock the front door (with)
        """,
        test="""
            unlock the house (with)
            open a locked door (with)
            get through the locked front door (with)
            my house is locked up.
        """,
    ),
    "start_car": Wording(
        train="""
            start the car (with)
            start the engine (with)
            get my car going (with)
            start my motorbike (with)
            turn [something] in the ignition
            turn the engine on (with)
            put [something] into the ignition
            drive off in my car (with)
            the engine does not start by itself.
            I want to drive my car.
            start an engine (with)
            start up a motorbike (with)
            switch the ignition on (with)
            turn [something] to start the car
            put [something] in the ignition of my car
            go for a drive in my car (with)
            turn on the ignition (with)
            my car should start.
            I want to go for a drive and must start the engine.
        """,
        val="""
            start the engine of my motorbike (with)
            I want to start the car.
        """,
        test="""
            start my car (with)
            get the engine going (with)
            turn [something] in the ignition of the motorbike
            I want to drive off.
        """,
    ),
    "leave_house": Wording(
        train="""
            take [something] along when I leave the house
            put [something] in my pocket when I go out
            ~never leave home without
            keep [something] in my pocket when I am out
            ~not forget when I leave home
            carry [something] in my pocket or my handbag every day
            ~check my pockets for before I go out
            put [something] in my handbag before I leave
            I am about to leave home and my pockets are empty.
            I am going out now and must not forget the important things.
            put [something] in my pocket when I leave
            have [something] with me when I leave home
            carry [something] in my handbag
            ~take with me whenever I go out
            ~check for in my pockets when I leave
            keep [something] in my handbag when I am out
            ~not leave at home
            put [something small] in my pocket before I go out
            ~always carry in my pocket
            I am going out and want the important things in my pocket.
            my handbag is empty and I am about to go.
        """,
        val="""
            put [something] in my handbag when I go out
            ~not leave home without
        """,
        test="""
            take [something] along when I go out
            carry [something] in my pocket when I leave the house
            keep [something] in my handbag every day
            I am about to go out and my handbag is empty.
        """,
    ),
    "brush_teeth": Wording(
        train="""
            brush my teeth (with)
            clean my teeth (with)
            scrub my teeth before bed (with)
            ~put toothpaste on
            take care of my teeth (with)
            brush my teeth every morning (with)
            get ready for the dentist (with)
            polish my teeth (with)
            my teeth are not clean.
            the dentist says that I should brush more.
            I am going to bed and my mouth does not feel fresh.
            brush teeth (with)
            clean my teeth before bed (with)
            scrub teeth (with)
            clean my mouth (with)
            care for my teeth (with)
            have fresh teeth before bed (with)
            ~use with toothpaste
            keep my teeth clean (with)
            my teeth need a brush.
            I have eaten and want to clean my teeth.
        """,
        val="""
            brush my teeth before bed (with)
            ~put some toothpaste on
        """,
        test="""
            clean my teeth every morning (with)
            scrub my teeth (with)
            brush with toothpaste (with)
            my teeth do not feel fresh.
        """,
    ),
    "scrub": Wording(
        train="""
            scrub dirt out of a narrow gap (with)
            scrub the gaps between the tiles (with)
            brush dirt out of a small corner (with)
            clean my keyboard (with)
            scrub my nails (with)
            scrub a stain off my shoes (with)
            brush the dust off a keyboard (with)
            clean small corners (with)
            there is dirt between the tiles.
            my keyboard is full of dust.
            scrub a narrow gap (with)
            scrub dirt off the tiles (with)
            clean between the tiles (with)
            clean the keys of a keyboard (with)
            brush dirt from a keyboard (with)
            scrub the corners (with)
            clean under my nails (with)
            brush a stain off (with)
            clean my shoes in the corners (with)
            scrub small gaps (with)
            the gaps between the tiles are dirty.
            the dust in my keyboard has to come out.
        """,
        val="""
            scrub a small stain (with)
            there is dust in the narrow gaps.
        """,
        test="""
            scrub my shoes (with)
            brush dust out of a gap (with)
            clean the gaps between tiles (with)
            my keyboard is full of dirt.
        """,
    ),
    "board_game": Wording(
        train="""
            play a board game (with)
            roll a random number (with)
            roll a six (with)
            roll [something] in a board game
            get a random number from one to six (with)
            use [something] in a game of chance
            gamble (with)
            decide by chance who goes first (with)
            we are playing a board game and it is my turn to roll.
            we need a random number for our game.
            roll a number (with)
            get a six (with)
            let chance decide (with)
            move in a board game (with)
            find out who goes first (with)
            gamble a little (with)
            pick a random number (with)
            I must roll a six to begin.
        """,
        val="""
            roll a number for a board game (with)
            decide by a random number (with)
        """,
        test="""
            roll a random six (with)
            play a game of chance (with)
            get a number by chance (with)
            it is my turn in the board game.
        """,
    ),
    "throw": Wording(
        train="""
            throw [something] to the dog
            play fetch (with)
            play catch (with)
            throw and catch [something]
            throw [something] to a friend
            let the dog fetch [something]
            bounce [something] on the floor
            bounce [something] off the wall
            toss [something] to the kids in the garden
            the dog wants to fetch something.
            my friend wants to play catch.
            throw [something] for the dog
            throw [something] in the garden
            play catch with a friend (with)
            let a dog fetch [something]
            bounce [something] against the wall
            toss [something] to a friend
            catch [something]
            play fetch with my dog (with)
            my dog wants to play fetch.
            let us play catch in the garden.
        """,
        val="""
            throw [something] to the kids
            let my dog catch [something]
        """,
        test="""
            toss [something] to the dog
            play catch in the garden (with)
            bounce [something] in the garden
            the dog wants to play fetch.
        """,
    ),
    "sport": Wording(
        train="""
            play a sport (with)
            kick [something] into the goal
            kick [something] around in the park
            play soccer (with)
            score a goal (with)
            shoot [something] at the basket
            play a match against another team (with)
            play a team sport (with)
            dribble past the other team (with)
            our soccer team wants to practice.
            we are going to the park to do some sport.
            play soccer in the park (with)
            kick [something] to a friend
            kick [something] around
            do some sport (with)
            score (with)
            shoot a goal (with)
            train with my soccer team (with)
            play in a team (with)
            shoot [something] into the goal
            the match is about to begin and the team is ready.
            I want to do some sport in the park.
        """,
        val="""
            kick [something] around with my team
            we want to play soccer.
        """,
        test="""
            kick [something] in a soccer match
            score a goal in the park (with)
            practice a team sport (with)
            our team is going to the park to play.
        """,
    ),
    "play": Wording(
        train="""
            play (with)
            have fun (with)
            give [something] to the kids as a toy
            use [something] as a toy
            keep the children busy (with)
            give [something] to a child as a toy
            entertain the children (with)
            let the kids play (with)
            the children are bored.
            my kids want to have some fun.
            have some fun (with)
            play a game (with)
            play with the children (with)
            entertain my kids (with)
            give [something] to a child
            give the children [something] to have fun with
            use [something] for play
            let a child play (with)
            the kids want to play.
            my children have nothing to play with.
        """,
        val="""
            have fun with the children (with)
            the kids are bored.
        """,
        test="""
            give [something] to the children as a toy
            keep my kids busy (with)
            entertain a child (with)
            the children want to play and have fun.
        """,
    ),
    "pack": Wording(
        train="""
            pack my things (in)
            store some old letters (in)
            put all my stuff (into) [into something]
            carry many small things (in)
            hide a present (in)
            store my toys (in)
            pack all this stuff for moving (in)
            keep my letters tidy (in)
            I am moving and must pack my things.
            my stuff lies around and should be stored away.
            pack up my things (in)
            put my things (into) [into something]
            store things (in)
            put my old toys (into) [into something]
            keep many small things (in)
            store letters (in)
            move my stuff (in)
            keep some stuff tidy (in)
            pack for moving (in)
            put away my old letters (in)
            my things should be packed for moving.
            all this stuff needs a place.
        """,
        val="""
            pack many old letters (in)
            store my small things (in)
        """,
        test="""
            store all my stuff (in)
            pack toys (in)
            hide my letters (in)
            my things lie around and must be packed away.
        """,
    ),
    "mail": Wording(
        train="""
            send a gift by mail (in)
            ship something to a customer (in)
            mail a present to my aunt (in)
            ship an order (in)
            send cookies to my aunt (in)
            bring a return to the post office (in)
            mail this order to a customer (in)
            send something fragile by post (in)
            the order must be shipped today.
            my aunt should get her present by mail.
            send something by mail (in)
            ship something fragile (in)
            send my aunt a present (in)
            send an order to a customer (in)
            post a present (in)
            bring something to the post office (in)
            ship a return (in)
            mail some cookies (in)
            a customer is waiting for the order.
            I want to mail a present today.
        """,
        val="""
            ship a present to a customer (in)
            mail cookies to my aunt (in)
        """,
        test="""
            send an order by post (in)
            mail a gift (in)
            ship this to my aunt (in)
            the gift must be shipped by mail today.
        """,
    ),
}
