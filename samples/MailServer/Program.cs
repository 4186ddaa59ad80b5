System.Console.WriteLine("See docs.");
