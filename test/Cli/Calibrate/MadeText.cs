namespace Halo.Cli.Tests.Calibrate;

/// <summary>Stories of random words, the same for the same seed.</summary>
internal static class MadeText
{
    private static readonly string[] s_words =
    [
        "the", "little", "girl", "dog", "ran", "to", "park", "and", "saw", "a", "big", "tree", "she", "was", "happy", "he", "said", "hello", "friend", "ball",
    ];

    internal static string Stories(int count, int seed)
    {
        Random random = new(seed);
        return string.Join("\n\n", Enumerable.Range(0, count).Select(
            _ => "Once upon a time " + string.Join(' ', random.GetItems(s_words, 20)) + "."));
    }
}
