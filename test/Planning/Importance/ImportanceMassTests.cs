using FsCheck;
using FsCheck.Fluent;
using Halo.Planning.Importance;

namespace Halo.Planning.Tests.Importance;

public sealed class ImportanceMassTests
{
    [Fact]
    public void Rank_OfScores_IsDescendingWithTiesByNumber()
    {
        int[] order = new int[7];
        ImportanceMass.Rank([1, float.NaN, -3, 1, float.PositiveInfinity, -0f, 0], order);
        Assert.Equal([4, 0, 3, 5, 6, 2, 1], order);
    }

    [Fact]
    public void Rank_OfMoreGroupsThanTheStackTakes_IsWhole()
    {
        float[] scores = [.. Enumerable.Range(0, 3000).Select(i => (float)(i * 7919 % 3001))];
        int[] order = new int[scores.Length];
        ImportanceMass.Rank(scores, order);
        Assert.Equal(Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]), order);
    }

    [Fact]
    public void Captured_OfSets_IsAShareThatAddsUp() => Check(importance =>
    {
        int[] all = [.. Enumerable.Range(0, importance.Length)];
        float whole = ImportanceMass.Captured(importance, all);
        float even = ImportanceMass.Captured(importance, [.. all.Where(i => i % 2 == 0)]);
        float odd = ImportanceMass.Captured(importance, [.. all.Where(i => i % 2 == 1)]);
        bool hasMass = importance.Any(value => value > 0);
        return Math.Abs(whole - 1) < 1e-5 && even is >= 0 and <= 1 && (!hasMass || Math.Abs(even + odd - 1) < 1e-5);
    });

    [Fact]
    public void CriticalCount_OfTheRanking_IsTheSmallestSetOfItsMass() => Check(importance =>
    {
        int[] order = new int[importance.Length];
        ImportanceMass.Rank(importance, order);
        int before = 0;
        foreach (double mass in new[] { 0, 0.1, 0.5, 0.95, 1 })
        {
            int count = ImportanceMass.CriticalCount(importance, order, mass);
            bool reaches = ImportanceMass.Captured(importance, order.AsSpan(0, count)) >= mass - 1e-5;
            bool smallest = count == 0 || ImportanceMass.Captured(importance, order.AsSpan(0, count - 1)) < mass + 1e-5;
            if (!reaches || !smallest || count < before)
            {
                return false;
            }

            before = count;
        }

        return order[..before].Length >= importance.Count(value => value > 0);
    });

    [Fact]
    public void CriticalSet_OfLogScores_IsThatOfTheirExponentials() => Check(importance =>
    {
        float[] scores = Array.ConvertAll(importance, value => MathF.Log(value + 1e-3f) + 300); // exp(300) overflows
        int[] order = new int[scores.Length];
        int count = ImportanceMass.CriticalSet(scores, 0.9, order);
        float[] masses = Array.ConvertAll(importance, value => value + 1e-3f);
        float held = ImportanceMass.Captured(masses, order.AsSpan(0, count));
        float less = count == 0 ? 0 : ImportanceMass.Captured(masses, order.AsSpan(0, count - 1));
        return held >= 0.899f && less <= 0.901f;
    });

    [Fact]
    public void Recall_OfSets_CountsWhatBothHold()
    {
        Assert.Equal(1, ImportanceMass.Recall([], [1]));
        Assert.Equal(0.5f, ImportanceMass.Recall([3, 4], [4, 5]));
        Assert.Equal(0, ImportanceMass.Recall([3], []));
    }

    [Fact]
    public void CriticalCount_OfAMassThatIsNoShare_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ImportanceMass.CriticalCount([1], [0], 1.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImportanceMass.CriticalCount([1], [0], -0.01));
        Assert.Throws<ArgumentException>(() => ImportanceMass.Rank([1, 2], new int[1]));
    }

    // Importances from 0 to 100, zeros and equal ones among them.
    private static void Check(Func<float[], bool> law) =>
        Prop.ForAll(
            Gen.Choose(0, 200).Select(number => Math.Max(0, number - 50) / 1.5f).NonEmptyListOf().Select(list => list.ToArray()).ToArbitrary(),
            law).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(17, 29, 20));
}
