using System.Collections.Concurrent;
using Halo.Planning.Assignment;

namespace Halo.Grains.Placement;

/// <summary>
/// A silo's own copy of the plans, which its placement directors look up. Plans arrive through the silo's board grain; a silo may be a
/// version behind for a moment, which is harmless: boards refuse steps of any version but the committed one.
/// </summary>
public sealed class PlanCatalog
{
    private readonly ConcurrentDictionary<string, SortedList<int, Plan>> _plans = new();

    /// <summary>The models of which there are or were plans.</summary>
    public IReadOnlyCollection<string> Models => [.. _plans.Keys];

    /// <summary>The newest plan of a model, prepared or committed; null before the first.</summary>
    public Plan? Newest(string model)
    {
        if (!_plans.TryGetValue(model, out SortedList<int, Plan>? versions))
        {
            return null;
        }

        lock (versions)
        {
            return versions.Count == 0 ? null : versions.Values[^1];
        }
    }

    /// <summary>A certain plan, or null.</summary>
    public Plan? Find(string model, int version)
    {
        if (!_plans.TryGetValue(model, out SortedList<int, Plan>? versions))
        {
            return null;
        }

        lock (versions)
        {
            return versions.GetValueOrDefault(version);
        }
    }

    internal void Add(Plan plan)
    {
        SortedList<int, Plan> versions = _plans.GetOrAdd(plan.Model, _ => []);
        lock (versions)
        {
            versions[plan.Version] = plan;
        }
    }

    internal void Remove(string model, int version)
    {
        if (_plans.TryGetValue(model, out SortedList<int, Plan>? versions))
        {
            lock (versions)
            {
                versions.Remove(version);
            }
        }
    }

    /// <summary>Forgets all plans before a version.</summary>
    internal void RemoveBefore(string model, int version)
    {
        if (_plans.TryGetValue(model, out SortedList<int, Plan>? versions))
        {
            lock (versions)
            {
                while (versions.Count > 0 && versions.Keys[0] < version)
                {
                    versions.RemoveAt(0);
                }
            }
        }
    }
}
