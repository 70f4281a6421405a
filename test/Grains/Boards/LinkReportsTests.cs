using System.Reflection;
using Halo.Fabric.Datagrams;
using Halo.Grains.Boards;

namespace Halo.Grains.Tests.Boards;

public sealed class LinkReportsTests
{
    // Who adds a field to LinkStatistics is told here where it goes on: LinkReport, and LinkReports.Of.
    [Fact]
    public void Of_EveryFieldOfLinkStatistics_IsReportedUnderItsNameTimesInMilliseconds()
    {
        LinkStatistics link = new("b2");
        int number = 0;
        foreach (PropertyInfo field in Fields())
        {
            number++;
            field.SetValue(link, field.PropertyType == typeof(TimeSpan) ? TimeSpan.FromMilliseconds(number) : Convert.ChangeType(number, field.PropertyType));
        }

        LinkReport report = LinkReports.Of(link);

        Assert.Equal("b2", report.Board);
        number = 0;
        foreach (PropertyInfo field in Fields())
        {
            string name = field.PropertyType == typeof(TimeSpan) ? field.Name + "Ms" : field.Name;
            PropertyInfo? reported = typeof(LinkReport).GetProperty(name);
            Assert.True(reported is not null, $"LinkReport has no {name}.");
            Assert.True(Convert.ToDouble(reported.GetValue(report)) == ++number, $"LinkReports.Of leaves {name} out, or takes it from elsewhere.");
        }
    }

    private static IEnumerable<PropertyInfo> Fields() => typeof(LinkStatistics).GetProperties().Where(field => field.Name != nameof(LinkStatistics.Board));
}
